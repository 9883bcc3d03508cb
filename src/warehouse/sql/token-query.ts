import { afterWords, type Item, isSymbol, isWord, isWordOf, nameAt } from './items.ts';
import { reportTable } from './token-tables.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

type Items = readonly Item[];
/** Does the name mean a common table expression here, and not a table? */
type IsCte = (name: string) => boolean;

/**
 * Reads a query or a data-modifying statement by its words alone, for what PostgreSQL's parser refuses. It knows where a
 * table's name can stand and little else of the grammar; expressions are looked through for subqueries.
 */
export function readQuery(items: Items, uses: Uses, outer: IsCte = () => false): void {
  const { body, isCte } = enterWith(items, outer, uses);
  const [verb, second] = body;
  if (isWord(verb, 'insert')) readInsert(body, isCte, uses);
  else if (isWord(verb, 'update')) readChange(body, 1, isCte, uses);
  else if (isWord(verb, 'delete', 'merge')) readChange(body, isWord(second, 'from', 'into') ? 2 : 1, isCte, uses);
  else readClauses(body, 'query', isCte, uses);
}

/** Looks for subqueries in an expression. */
export function readExpression(items: Items, uses: Uses): void {
  readClauses(items, 'expression', () => false, uses);
}

/** Is this a query, or the inside of a subquery; and not an expression, a column list or a join in parentheses? */
export function isQuery(items: Items, at = 0): boolean {
  const [first, second] = [items[at], items[at + 1]];
  if (first?.kind === 'group') return isQuery(first.items) && (second === undefined || isWordOf(second, afterSubquery));
  return isWordOf(first, queryVerbs) || (isWord(first, 'table') && second !== undefined);
}

const queryVerbs = wordSet('select with values insert update delete merge');
const afterSubquery = wordSet('union intersect except minus order limit offset fetch for');

/** Reads the queries of a WITH, each with the names it can see, and gives the statement behind with the names it can see. */
function enterWith(items: Items, outer: IsCte, uses: Uses): { readonly body: Items; readonly isCte: IsCte } {
  if (!isWord(items[0], 'with')) return { body: items, isCte: outer };
  const isRecursive = isWord(items[1], 'recursive');
  const queries: { readonly name: string; readonly items: Items }[] = [];
  let at = isRecursive ? 1 : 0;
  do {
    const name = items[at + 1]?.text ?? '';
    let end = at + 2;
    while (end < items.length && !isSubquery(items[end])) end += 1;
    const query = items[end];
    if (query?.kind !== 'group') break;
    queries.push({ name, items: query.items });
    at = end + 1;
  } while (isSymbol(items[at], ','));
  const visible = new Set(isRecursive ? queries.map(({ name }) => name) : []);
  const isCte: IsCte = (name) => visible.has(name) || outer(name);
  for (const query of queries) {
    readQuery(query.items, uses, isCte);
    visible.add(query.name);
  }
  return { body: items.slice(at), isCte };
}

const isSubquery = (item: Item | undefined): boolean => item?.kind === 'group' && isQuery(item.items);

function readInsert(items: Items, isCte: IsCte, uses: Uses): void {
  const conflict = items.findIndex((item, at) => isWord(item, 'on') && isWord(items[at + 1], 'conflict'));
  const updates = conflict >= 0 && items.some((item, at) => at > conflict && isWord(item, 'do') && isWord(items[at + 1], 'update'));
  const next = reportTable(items, isWord(items[1], 'into') ? 2 : items.length, updates ? 'write' : 'append', uses);
  const start = items.findIndex((item, at) => at >= next && (isWordOf(item, sources) || isSubquery(item)));
  if (start >= 0) readQuery(items.slice(start), uses, isCte);
}

const sources = wordSet('with select values default table');

/** `UPDATE`, `DELETE` and `MERGE`: the table changed, then clauses that read. */
function readChange(items: Items, index: number, isCte: IsCte, uses: Uses): void {
  const next = reportTable(items, isWord(items[index], 'only') ? index + 1 : index, 'write', uses);
  readClauses(items.slice(next), 'query', isCte, uses);
}

const fromEnds = wordSet(`union intersect except minus where group having order limit offset fetch for window qualify start connect set
  when returning select`);

/** Goes through the clauses of one level of parentheses. In an `expression`, FROM belongs to `extract(… from …)` and its like. */
function readClauses(items: Items, level: 'query' | 'from-list' | 'expression', isCte: IsCte, uses: Uses): void {
  let inFrom = level === 'from-list';
  let expectsTable = inFrom;
  let at = 0;
  while (at < items.length) {
    const item = items[at] as Item;
    const name = nameAt(items, at);
    if (item.kind === 'group') {
      if (isQuery(item.items)) readQuery(item.items, uses, isCte);
      else readClauses(item.items, expectsTable ? 'from-list' : 'expression', isCte, uses);
      expectsTable = false;
      at += 1;
    } else if (name !== undefined && isCall(items, at, name.next, expectsTable)) {
      uses.call(name.parts);
      expectsTable = false;
      at = name.next;
    } else if (expectsTable && name !== undefined && !isWord(item, 'only', 'lateral', 'rows', 'from')) {
      if (name.parts.length > 1 || !isCte(item.text)) uses.table(name.parts, 'read');
      expectsTable = false;
      at = name.next;
    } else {
      if (level !== 'expression') {
        if (isWordOf(item, fromEnds)) inFrom = false;
        const opens = opensFrom(items, at);
        if (opens) inFrom = true;
        // Behind USING, parentheses are the columns of a join or a subquery.
        const isUsing = isWord(item, 'using') && items[at + 1]?.kind === 'group';
        expectsTable =
          (opens && !isUsing) || (inFrom && isSymbol(item, ',')) || (expectsTable && name !== undefined) || isTableCommand(items, at);
        // FOR UPDATE is a write; of which tables needs more grammar than there is here. Redshift has no such thing.
        if (isWord(item, 'for') && items.slice(at, at + 4).some((word) => isWord(word, 'update'))) uses.giveUp();
        if (isWord(item, 'into') && !isWord(items[at - 1], 'insert')) readInto(items, at + 1, uses);
      }
      at += 1;
    }
  }
}

/** `FROM` (but not `IS DISTINCT FROM`), `JOIN`, and the `USING` of DELETE and MERGE. */
function opensFrom(items: Items, at: number): boolean {
  const item = items[at];
  if (isWord(item, 'from')) return !(isWord(items[at - 1], 'distinct') && isWord(items[at - 2], 'is', 'not'));
  return isWord(item, 'join', 'using');
}

/** `TABLE name`, alone or as one side of a UNION. */
function isTableCommand(items: Items, at: number): boolean {
  return isWord(items[at], 'table') && (at === 0 || isWord(items[at - 1], 'union', 'intersect', 'except', 'minus', 'all', 'distinct'));
}

/** `SELECT … INTO [TEMP] [TABLE] name`. */
function readInto(items: Items, index: number, uses: Uses): void {
  const at = afterWords(items, index, intoWords);
  const name = nameAt(items, at);
  if (name !== undefined && items.slice(index, at).some((item) => isWord(item, 'temp', 'temporary'))) uses.createTemporary(name.parts);
  else reportTable(items, at, 'write', uses);
}

const intoWords = wordSet('temp temporary unlogged local global table');

/** Is the name here a function's? In an expression after another name it would be an alias with columns, or a type. */
function isCall(items: Items, at: number, next: number, isTableFunction: boolean): boolean {
  const before = items[at - 1];
  if (items[next]?.kind !== 'group' || isWordOf(items[at], notCalled)) return false;
  if (isTableFunction) return true;
  if (before?.kind === 'word') return before.text !== 'as' && isWordOf(before, notCalled);
  return before?.kind !== 'group' && before?.kind !== 'quoted' && !isSymbol(before, ':') && !isSymbol(before, '.');
}

// Words of the grammar: they stand before parentheses and before expressions, and call nothing.
const notCalled = wordSet(`
  all and any approximate array as bernoulli between by case cast check coalesce collate conflict connect cube distinct do else end escape
  except exclude exists fetch filter for from greatest group grouping having ilike in insert intersect interval into is isnull join
  lateral least like limit materialized merge minus not nullif offset on only or order ordinality over pivot qualify returning
  rollup row rows select set sets similar some start system tablesample then to top union unpivot update using values
  when where window with within`);
