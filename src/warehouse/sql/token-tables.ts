import type { Mode } from '../../lock/holder.ts';
import { type Item, isSymbol, isWord, nameAt } from './items.ts';
import type { Uses } from './uses.ts';

/** Reports the table named at `index`, or that nobody can tell; gives the index behind it. */
export function reportTable(items: readonly Item[], index: number, mode: Mode, uses: Uses): number {
  const name = nameAt(items, index);
  if (name === undefined) uses.giveUp();
  else uses.table(name.parts, mode);
  return name?.next ?? index;
}

/** `a, b (x, y), only c, d *`. */
export function reportTables(items: readonly Item[], index: number, mode: Mode, uses: Uses): void {
  let at = reportTable(items, index, mode, uses);
  while (at < items.length) {
    if (isSymbol(items[at], ',')) at = reportTable(items, isWord(items[at + 1], 'only') ? at + 2 : at + 1, mode, uses);
    else if (items[at]?.kind === 'group' || isSymbol(items[at], '*')) at += 1;
    else return;
  }
}
