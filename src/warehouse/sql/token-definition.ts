import { afterWords, type Item, isSymbol, isWord, isWordOf, nameAt } from './items.ts';
import { isQuery, readQuery } from './token-query.ts';
import { reportTable, reportTables } from './token-tables.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

type Items = readonly Item[];

const modifiers = wordSet('or replace global local temp temporary unlogged external foreign recursive materialized unique');
const existence = wordSet('if not exists only');

// They are made, changed or dropped in the catalog alone.
const catalogEntries = wordSet(`
  schema function procedure user role group database library datashare model masking rls identity type domain sequence extension
  aggregate language server default system`);

/** `CREATE`, whatever Redshift adds: DISTKEY, SORTKEY, ENCODE, EXTERNAL, BACKUP, AUTO REFRESH. */
export function readCreate(items: Items, uses: Uses): void {
  const kind = afterWords(items, 1, modifiers);
  const on = items.findIndex((item) => isWord(item, 'on'));
  if (isWord(items[kind], 'table', 'view')) {
    const isTemporary = items.slice(1, kind).some((item) => isWord(item, 'temp', 'temporary'));
    readCreateTable(items, afterWords(items, kind + 1, existence), isTemporary, uses);
  } else if (isWord(items[kind], 'index', 'trigger') && on > 0) {
    reportTable(items, afterWords(items, on + 1, existence), 'write', uses);
  } else if (!isWordOf(items[kind], catalogEntries) || items.some((item, at) => at > 0 && isWord(item, 'create'))) {
    uses.giveUp();
  }
}

function readCreateTable(items: Items, index: number, isTemporary: boolean, uses: Uses): void {
  const name = nameAt(items, index);
  if (name === undefined) uses.giveUp();
  else if (isTemporary) uses.createTemporary(name.parts);
  else uses.table(name.parts, 'write');
  const query = items.findIndex((item, at) => at > index && isWord(item, 'as') && isQuery(items, at + 1));
  const execute = items.findIndex((item, at) => at > index && isWord(item, 'as') && isWord(items[at + 1], 'execute'));
  if (query >= 0) readQuery(items.slice(query + 1), uses);
  if (execute >= 0) uses.execute(items[execute + 2]?.text ?? '');
  readReferences(items.slice(name?.next ?? index, query < 0 ? undefined : query), uses);
}

/** `ALTER TABLE`, with `APPEND FROM` (which empties the other table), `RENAME TO`, `SET SCHEMA` and partitions. */
export function readAlter(items: Items, uses: Uses): void {
  const kind = afterWords(items, 1, modifiers);
  if (isWord(items[kind], 'table', 'view')) readAlterTable(items, afterWords(items, kind + 1, existence), uses);
  else if (!isWordOf(items[kind], catalogEntries) || isWord(items[kind], 'schema', 'type', 'domain')) uses.giveUp();
}

function readAlterTable(items: Items, index: number, uses: Uses): void {
  const parts = nameAt(items, index)?.parts ?? [];
  const rest = items.slice(reportTable(items, index, 'write', uses));
  for (const at of rest.keys()) {
    const other = nameAt(rest, at + 2)?.parts;
    if (other === undefined) continue;
    const words = `${rest[at]?.text} ${rest[at + 1]?.text}`;
    if (words === 'append from' || words === 'attach partition' || words === 'detach partition') uses.table(other, 'write');
    else if (words === 'rename to') uses.table([...parts.slice(0, -1), ...other], 'write');
    else if (words === 'set schema') uses.table([...other, ...parts.slice(-1)], 'write');
  }
  readReferences(rest, uses);
}

export function readDrop(items: Items, uses: Uses): void {
  const kind = afterWords(items, 1, modifiers);
  const start = afterWords(items, kind + 1, existence);
  if (isWord(items[kind], 'table', 'view')) reportTables(items, start, 'write', uses);
  else if (isWord(items[kind], 'schema')) reportSchemas(items, start, uses);
  else if (!isWordOf(items[kind], catalogEntries) || isWord(items.at(-1), 'cascade')) uses.giveUp();
}

function reportSchemas(items: Items, index: number, uses: Uses): void {
  for (let at = index; ; at += 2) {
    const name = nameAt(items, at);
    if (name === undefined) uses.giveUp();
    else uses.table([...name.parts, '*'], 'write');
    if (!isSymbol(items[at + 1], ',')) return;
  }
}

/** Other tables a definition names: `LIKE` reads one; foreign keys, parents and partitions lock theirs against writers. */
function readReferences(items: Items, uses: Uses): void {
  for (const [at, item] of items.entries()) {
    const next = items[at + 1];
    if (item.kind === 'group') readReferences(item.items, uses);
    else if (isWord(item, 'like') && nameAt(items, at + 1) !== undefined) reportTable(items, at + 1, 'read', uses);
    else if (isWord(item, 'references') || (isWord(item, 'of') && isWord(items[at - 1], 'partition')))
      reportTable(items, at + 1, 'write', uses);
    else if (isWord(item, 'inherits') && next?.kind === 'group') reportTables(next.items, 0, 'write', uses);
  }
}
