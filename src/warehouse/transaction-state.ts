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

function read(sql: string): TransactionState | undefined {
  // A function written in standard SQL has statements of its own between these words.
  if (/\bbegin\s+atomic\b/i.test(sql)) return undefined;
  const tokens = tokenize(sql);
  const pieces = (tokens && piecesOf(tokens)) ?? [];
  return pieces.map(({ items }) => stateAfter(items)).findLast((state) => state !== undefined);
}

function stateAfter([first, second, third]: readonly Item[]): TransactionState | undefined {
  if (isWord(first, 'begin') || (isWord(first, 'start') && isWord(second, 'transaction'))) return 'inside';
  if (isWord(first, 'prepare')) return isWord(second, 'transaction') ? 'outside' : undefined;
  if (!isWord(first, 'commit', 'end', 'rollback', 'abort')) return undefined;
  if (isWord(second, 'prepared', 'to') || (isWord(second, 'work', 'transaction') && isWord(third, 'to'))) return undefined;
  return 'outside';
}
