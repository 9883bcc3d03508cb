import { names } from '../../src/cli/commands/grammar.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { parseStoreUrl } from '../../src/config/store-url.ts';
import { normalizeName, schemaOf } from '../../src/lock/plan/names.ts';
import { recordKey, resourceOfKey } from '../../src/lock/record/keys.ts';
import { decodeRecord } from '../../src/lock/record/record.ts';
import { redactText, redactUrl } from '../../src/lock/redact.ts';
import { readHints } from '../../src/warehouse/sql/hint.ts';
import { createSqlReader } from '../../src/warehouse/sql/index.ts';
import { piecesOf } from '../../src/warehouse/sql/items.ts';
import { shownSql } from '../../src/warehouse/sql/shown.ts';
import { readTokens } from '../../src/warehouse/sql/token-statement.ts';
import { tokenize } from '../../src/warehouse/sql/tokens.ts';
import { createUses } from '../../src/warehouse/sql/uses.ts';
import { endedState, mayCommitWithin } from '../../src/warehouse/transaction-state.ts';

/** Something that reads a text whose length others decide, and what such texts are made of. */
export interface Reader {
  readonly name: string;
  readonly pieces: readonly string[];
  readonly read: (text: string) => unknown;
}

const sql = [
  ...' \n\t;,.()\'"$*=<>:@[]\\-/#'.split(''),
  ...['\n\n', '  ', '--', '/*', '*/', '$$', '$a$', "''", '""', "\\'", 'É', '\u00a0', '::', '||', '\r'],
  ...' a | b.c | 1 | $1 | select | from | where | and | not | in | insert into t | values (1) | update t set | delete from t | with c as ( | merge into t | using | join | on | union | begin | commit | rollback | call p() | do | create table | create schema s | create rule r as on update to t do also ( | create policy p on t using ( | create publication p for table | create statistics s on a from | alter table t | rename to | inherit | drop table | references t | prepare p as | execute p | explain | analyze | vacuum | comment on column | giveway: | writes= | reads=a | /* giveway: writes= | set search_path to | for update | do update | on conflict | copy t from | as | case when | end | atomic | chain'.split(
    '|',
  ),
];
const config = [
  ...' a\n.,:;/?#@&=%"\'`[]{}()*-_~'.split(''),
  'a://',
  'pass',
  'key=',
  '?pass',
  '&token=',
  'https://u:p@h',
  '%41',
  '\u00a0',
  'É',
  'ab',
  '10',
];
const record = ['{', '}', '"', ',', ':', '\n', '\\', '1', ' ', '%', '%41', '~'];

let count = 0;
/** Some readers remember what they read. */
const fresh = (text: string): string => {
  count += 1;
  return `${text} ${count}`;
};
const entry = (): object => {
  count += 1;
  return { token: `t${count}`, mode: 'read', host: 'h', pid: 1, since: 0, ttlMs: 1_000, until: 1, beat: 1, maxWaitMs: 1, pauseMs: 1 };
};
/** As many holders, then as many who came to wait and left again, as there are lines in the text. */
const recordOf = (text: string): string => {
  const entries = text.split(/[ ,:]/).map(entry);
  const line = entries.flatMap((each) => [`\n${JSON.stringify(each)}`, `\n${JSON.stringify({ gone: Reflect.get(each, 'token') })}`]);
  return `{"v":1,"holders":${JSON.stringify(entries)}}${line.join('')}`;
};

const byWords = (text: string): void => {
  for (const { items } of piecesOf(tokenize(text) ?? []) ?? []) readTokens(items, createUses({ names: {}, readOnlyFunctions: new Set() }));
};
const withParser = createSqlReader({ cachedTexts: 0 });
const inFile = (file: unknown) => resolveConfig('config', { file, envName: undefined, variables: {}, overrides: undefined });
const tables = (text: string) => Object.fromEntries(text.split(/[.,;:]/).map((name, at) => [`${name}${at}`, { minHoldMs: at % 7 }]));

export const readers: readonly Reader[] = [
  { name: 'tokenize', pieces: sql, read: tokenize },
  { name: 'tablesWritten, by words', pieces: sql, read: byWords },
  { name: 'tablesWritten, with the parser', pieces: sql, read: (text) => withParser.tablesWritten(text) },
  { name: 'hints', pieces: sql, read: readHints },
  { name: 'endedState', pieces: sql, read: (text) => endedState(fresh(text)) },
  { name: 'mayCommitWithin', pieces: sql, read: (text) => mayCommitWithin(fresh(text)) },
  { name: 'shownSql', pieces: sql, read: shownSql },
  { name: 'normalizeName', pieces: [...config, ...sql], read: (text) => normalizeName(text) },
  { name: 'schemaOf', pieces: config, read: (text) => schemaOf(text, 'public') },
  { name: 'names of the command line', pieces: config, read: (text) => names(text) },
  { name: 'keys', pieces: [...config, ...record], read: (text) => resourceOfKey('giveway:', recordKey('giveway', undefined, text)) },
  { name: 'records', pieces: record, read: (text) => decodeRecord(recordOf(text)) },
  { name: 'broken records', pieces: record, read: (text) => decodeRecord(`{"v":1,"holders":[${text}`) },
  { name: 'store URLs', pieces: config, read: parseStoreUrl },
  { name: 'redactUrl', pieces: config, read: redactUrl },
  { name: 'redactText', pieces: config, read: redactText },
  { name: 'a config with this store', pieces: config, read: (text) => inFile({ store: text, namespace: text, job: text }) },
  {
    name: 'a config with this name',
    pieces: config,
    read: (text) => inFile({ store: 'memory:', [text]: 1, resources: [text], environments: { [text]: {} } }),
  },
  { name: 'a config with many tables', pieces: config, read: (text) => inFile({ store: 'memory:', resources: tables(text) }) },
];
