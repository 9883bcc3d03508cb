import { afterWords, type Item, isSymbol, isWord, nameAt } from './items.ts';
import { usesWithin } from './schema-elements.ts';
import { isQuery, readExpression, readQuery } from './token-query.ts';
import { reportTable } from './token-tables.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

type Items = readonly Item[];

const only = wordSet('only');

/** `… ON [ONLY] table …`: indexes; triggers and rules that are changed or dropped. */
export function readOnTable(items: Items, uses: Uses): number {
  const on = items.findIndex((item) => isWord(item, 'on'));
  return reportTable(items, on < 0 ? items.length : afterWords(items, on + 1, only), 'write', uses);
}

/** Its conditions may read. */
export function readPolicy(items: Items, uses: Uses): void {
  readExpression(items.slice(readOnTable(items, uses)), uses);
}

/** The other table of a constraint trigger is looked up, no more. */
export function readTrigger(items: Items, uses: Uses): void {
  const on = items.findIndex((item) => isWord(item, 'on'));
  const next = reportTable(items, on < 0 ? items.length : on + 1, 'write', uses);
  if (isWord(items[next], 'from')) reportTable(items, next + 1, 'read', uses);
}

/** `… ON event TO table [WHERE …] DO …`: its actions run later, but their tables are locked now. */
export function readRule(items: Items, uses: Uses): void {
  const to = items.findIndex((item) => isWord(item, 'to'));
  const next = reportTable(items, to < 0 ? items.length : to + 1, 'write', uses);
  const does = items.findIndex((item, at) => at >= next && isWord(item, 'do'));
  readExpression(items.slice(next, does < 0 ? undefined : does), uses);
  const start = does < 0 ? items.length : afterWords(items, does + 1, kindsOfRule);
  const [first, ...more] = items.slice(start);
  for (const action of splitAt(first?.kind === 'group' && more.length === 0 ? first.items : items.slice(start))) {
    if (isQuery(action)) readQuery(action, uses);
    else if (action.length > 0 && !isWord(action[0], 'nothing', 'notify')) uses.giveUp();
  }
}

const kindsOfRule = wordSet('also instead');

/** `CREATE STATISTICS … ON columns FROM table`. */
export function readStatistics(items: Items, uses: Uses): void {
  const from = items.findLastIndex((item) => isWord(item, 'from'));
  reportTable(items, from < 0 ? items.length : from + 1, 'write', uses);
}

/** The tables of a publication: `TABLE a, ONLY b (x, y) WHERE (…), TABLES IN SCHEMA c`. Schemas are published as such. */
export function readPublication(items: Items, uses: Uses): void {
  let isListed = false;
  for (let at = 3; at < items.length; at += 1) {
    const item = items[at];
    if (isWord(item, 'table')) isListed = true;
    else if (isWord(item, 'tables', 'with')) isListed = false;
    const startsTable = isWord(item, 'table') || (isListed && isSymbol(item, ',') && !isWord(items[at + 1], 'table', 'tables'));
    if (startsTable) reportTable(items, afterWords(items, at + 1, only), 'write', uses);
    else if (item?.kind === 'group') readExpression(item.items, uses);
  }
}

/** `COMMENT ON TABLE a IS …`, `COMMENT ON COLUMN a.b IS …`; of what else there is, no table is locked against writers. */
export function readComment(items: Items, uses: Uses): void {
  const on = items.findIndex((item) => isWord(item, 'on'));
  const kind = afterWords(items, on + 1, kindsOfTable);
  if (isWord(items[kind], 'table', 'view')) reportTable(items, kind + 1, 'write', uses);
  if (!isWord(items[kind], 'column')) return;
  const parts = nameAt(items, kind + 1)?.parts ?? [];
  if (parts.length > 1) uses.table(parts.slice(0, -1), 'write');
}

const kindsOfTable = wordSet('materialized foreign');

/** `REINDEX TABLE`; of an index the text does not name the table. */
export function readReindex(items: Items, uses: Uses): void {
  const kind = items[1]?.kind === 'group' ? 2 : 1;
  const start = afterWords(items, kind + 1, concurrently);
  if (isWord(items[kind], 'table')) reportTable(items, start, 'write', uses);
  else if (isWord(items[kind], 'schema')) uses.table([...(nameAt(items, start)?.parts ?? []), '*'], 'write');
  else uses.giveUp();
}

const concurrently = wordSet('concurrently');

/** `CLUSTER table USING index`, `CLUSTER index ON table`; alone it means every table. */
export function readCluster(items: Items, uses: Uses): void {
  const on = items.findIndex((item) => isWord(item, 'on'));
  reportTable(items, on < 0 ? afterWords(items, 1, clusterOptions) : on + 1, 'write', uses);
}

const clusterOptions = wordSet('verbose (');

/** `CREATE SCHEMA [name] [AUTHORIZATION role] CREATE …`; `index` is where the name stands. */
export function readSchemaElements(items: Items, index: number, uses: Uses, readCreate: (items: Items, uses: Uses) => void): void {
  const starts = [...items.keys()].filter((at) => at > index && isWord(items[at], 'create', 'grant'));
  const elements = starts.map((start, at) => items.slice(start, starts[at + 1])).filter(([verb]) => isWord(verb, 'create'));
  if (elements.length === 0) return;
  const isRole = isWord(items[index], 'authorization');
  const name = items[isRole ? index + 1 : index];
  if (name === undefined || (isRole && isWord(name, 'current_role', 'current_user', 'session_user'))) return uses.giveUp();
  const created = elements.flatMap((element) => (isWord(element[1], 'table', 'view') ? [element[2]?.text ?? ''] : []));
  for (const element of elements) readCreate(element, usesWithin(uses, name.text, new Set(created)));
}

function splitAt(items: Items): readonly Items[] {
  const ends = [...items.keys()].filter((at) => isSymbol(items[at], ';'));
  return [...ends, items.length].map((end, at) => items.slice(at === 0 ? 0 : (ends[at - 1] ?? 0) + 1, end));
}
