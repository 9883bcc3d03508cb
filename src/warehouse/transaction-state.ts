import { createTextCache } from './sql/cache.ts';
import { type Item, isWord, piecesOf } from './sql/items.ts';
import { tokenize } from './sql/tokens.ts';

/** In a transaction that was begun explicitly, or not. */
export type TransactionState = 'inside' | 'outside';

const mayControl = /\b(?:begin|start|commit|end|rollback|abort|prepare)\b/i;
const cache = createTextCache<TransactionState | undefined>(500, 20_000);

/** Where a text that begins or ends transactions leaves the session. `undefined`: it does neither. */
export function endedState(sql: string): TransactionState | undefined {
  return mayControl.test(sql) ? cache.get(sql, () => read(sql)) : undefined;
}

/** May a part of it be in when it fails? It ends transactions, runs a procedure or block that may, or goes by several: an index made `CONCURRENTLY` stays behind, invalid. */
export function mayCommitWithin(sql: string): boolean {
  if (endedState(sql) !== undefined) return true;
  if (mayRun.test(sql) && statementsOf(sql).some(([first]) => isWord(first, 'call', 'do'))) return true;
  return /\bconcurrently\b/i.test(sql) && statementsOf(sql).some((items) => !isWord(items[0], 'refresh') && items.some(isConcurrently));
}

// Where a statement can begin. Blanks are looked through from one place alone, or many lines would cost their square.
const mayRun = /(?:^|[;\n\r]|\*\/)[^\S\n\r]*(?:call|do)\b/i;

function read(sql: string): TransactionState | undefined {
  return statementsOf(sql)
    .map(stateAfter)
    .findLast((state) => state !== undefined);
}

function isConcurrently(item: Item): boolean {
  return isWord(item, 'concurrently');
}

function statementsOf(sql: string): readonly (readonly Item[])[] {
  const tokens = tokenize(sql);
  return ((tokens && piecesOf(tokens)) ?? []).map(({ items }) => items);
}

function stateAfter(items: readonly Item[]): TransactionState | undefined {
  const [first, second, third] = items;
  if (isWord(first, 'begin') || (isWord(first, 'start') && isWord(second, 'transaction'))) return 'inside';
  if (isWord(first, 'prepare')) return isWord(second, 'transaction') ? 'outside' : undefined;
  if (!isWord(first, 'commit', 'end', 'rollback', 'abort')) return undefined;
  if (isWord(second, 'prepared', 'to') || (isWord(second, 'work', 'transaction') && isWord(third, 'to'))) return undefined;
  // AND CHAIN begins the next one at once.
  return isWord(items.at(-1), 'chain') && !isWord(items.at(-2), 'no') ? 'inside' : 'outside';
}
