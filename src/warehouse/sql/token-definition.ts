import { afterWords, type Item, isSymbol, isWord, isWordOf, nameAt } from './items.ts';
import { readOnTable, readPolicy, readPublication, readRule, readSchemaElements, readStatistics, readTrigger } from './token-catalog.ts';
import { isQuery, readQuery } from './token-query.ts';
import { reportTable, reportTables } from './token-tables.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

type Items = readonly Item[];

const modifiers = wordSet('or replace global local temp temporary unlogged external foreign recursive materialized unique constraint');
const existence = wordSet('if not exists only');

// They are made, changed or dropped in the catalog alone.
const catalogEntries = wordSet(`
  schema function procedure user role group database library datashare model masking rls identity type domain sequence extension
  aggregate language server default system statistics publication subscription event access cast collation conversion operator
  transform text tablespace data`);

/** `CREATE`, whatever Redshift adds: DISTKEY, SORTKEY, ENCODE, EXTERNAL, BACKUP, AUTO REFRESH. */
export function readCreate(items: Items, uses: Uses): void {
  const kind = afterWords(items, 1, modifiers);
  const word = items[kind]?.kind === 'word' ? (items[kind]?.text ?? '') : '';
  if (isWord(items[kind], 'table', 'view')) {
    const isTemporary = items.slice(1, kind).some((item) => isWord(item, 'temp', 'temporary'));
    readCreateTable(items, afterWords(items, kind + 1, existence), isTemporary, uses);
  } else if (word === 'schema') {
    readSchemaElements(items, afterWords(items, kind + 1, existence), uses, readCreate);
  } else if (Object.hasOwn(created, word)) {
    created[word]?.(items, uses);
  } else if (!isWordOf(items[kind], catalogEntries)) {
    uses.giveUp();
  }
}

/** What is made for a table, and locks it. */
const created: Readonly<Record<string, (items: Items, uses: Uses) => unknown>> = {
  index: readOnTable,
  policy: readPolicy,
  trigger: readTrigger,
  rule: readRule,
  statistics: readStatistics,
  publication: readPublication,
};

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
  if (isWord(items[kind + 1], 'all') && isWord(items[kind + 2], 'in')) uses.giveUp();
  else if (isWord(items[kind], 'table', 'view')) readAlterTable(items, afterWords(items, kind + 1, existence), uses);
  else if (isWord(items[kind], 'policy')) readPolicy(items, uses);
  else if (isWord(items[kind], 'trigger', 'rule')) readOnTable(items, uses);
  else if (isWord(items[kind], 'publication')) readPublication(items, uses);
  else if (!isWordOf(items[kind], catalogEntries) || isWord(items[kind], 'schema', 'type', 'domain')) uses.giveUp();
}

function readAlterTable(items: Items, index: number, uses: Uses): void {
  const parts = nameAt(items, index)?.parts ?? [];
  const rest = items.slice(reportTable(items, index, 'write', uses));
  for (const at of rest.keys()) {
    // NO INHERIT only looks the parent up.
    if (isWord(rest[at], 'inherit') && nameAt(rest, at + 1)) reportTable(rest, at + 1, isWord(rest[at - 1], 'no') ? 'read' : 'write', uses);
    const other = nameAt(rest, at + 2)?.parts;
    if (other === undefined) continue;
    const words = `${rest[at]?.text} ${rest[at + 1]?.text}`;
    if (words === 'append from' || words === 'attach partition' || words === 'detach partition') uses.table(other, 'write');
    else if (words === 'rename to') {
      uses.table([...parts.slice(0, -1), ...other], 'write');
      uses.drop(parts);
    } else if (words === 'set schema') uses.table([...other, ...parts.slice(-1)], 'write');
  }
  readReferences(rest, uses);
}

export function readDrop(items: Items, uses: Uses): void {
  const kind = afterWords(items, 1, modifiers);
  const start = afterWords(items, kind + 1, existence);
  if (isWord(items[kind], 'table', 'view')) reportTables(items, start, 'write', { ...uses, table: uses.drop });
  else if (isWord(items[kind], 'schema')) reportSchemas(items, start, uses);
  else if (isWord(items[kind], 'policy', 'trigger', 'rule')) readOnTable(items, uses);
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
