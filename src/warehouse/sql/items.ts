import type { Token } from './tokens.ts';

/** A parenthesis with what is in it. */
interface Group {
  readonly kind: 'group';
  readonly text: '(';
  readonly items: readonly Item[];
}

export type Item = Token | Group;

/** One statement of a text: its items, and where it stands in the source. */
export interface Piece {
  readonly items: readonly Item[];
  readonly start: number;
  readonly end: number;
}

// What reads groups calls itself for each level; no person nests this deep.
const deepestGroup = 200;

/** Splits at the semicolons outside parentheses and the bodies of functions (`BEGIN ATOMIC … END`). `undefined`: parentheses that do not match or nest too deep. */
export function piecesOf(tokens: readonly Token[]): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  let items: Item[] = [];
  const open: Item[][] = [];
  let start = 0;
  let end = 0;
  let isInBody = false;
  let last: Token | undefined;
  const finish = (): void => {
    if (items.length > 0) pieces.push({ items, start, end });
    items = [];
  };
  for (const token of tokens) {
    const symbol = token.kind === 'symbol' ? token.text : undefined;
    if (token.kind === 'comment') continue;
    if (isInBody) isInBody = !(isWord(token, 'end') && (isWord(last, 'atomic') || isSymbol(last, ';')));
    else isInBody = isWord(token, 'atomic') && isWord(last, 'begin') && open.length === 0 && isWord(items[0], 'create');
    last = token;
    if (symbol === ';' && open.length === 0) {
      if (!isInBody) finish();
      continue;
    }
    if (items.length === 0 && open.length === 0) start = token.start;
    end = token.end;
    if (symbol === '(') {
      if (open.push(items) > deepestGroup) return undefined;
      items = [];
    } else if (symbol === ')') {
      const outer = open.pop();
      if (outer === undefined) return undefined;
      outer.push({ kind: 'group', text: '(', items });
      items = outer;
    } else {
      items.push(token);
    }
  }
  if (open.length > 0) return undefined;
  finish();
  return pieces;
}

export function isWord(item: Item | undefined, ...texts: readonly string[]): boolean {
  return item?.kind === 'word' && texts.includes(item.text);
}

export function isWordOf(item: Item | undefined, set: ReadonlySet<string>): boolean {
  return item?.kind === 'word' && set.has(item.text);
}

export function isSymbol(item: Item | undefined, text: string): boolean {
  return item?.kind === 'symbol' && item.text === text;
}

/** A name of up to four parts (`database.schema.table`, `schema.*`), as stored, and the index behind it. */
export function nameAt(items: readonly Item[], index: number): { readonly parts: readonly string[]; readonly next: number } | undefined {
  const parts: string[] = [];
  for (let at = index; parts.length < 4; at += 2) {
    const item = items[at];
    if (parts.length > 0 && isSymbol(item, '*')) parts.push('*');
    else if (item?.kind === 'word' || item?.kind === 'quoted') parts.push(item.text);
    else return undefined;
    if (!isSymbol(items[at + 1], '.')) return { parts, next: at + 1 };
  }
  return undefined;
}

/** The index behind these words; `'('` stands for a parenthesis. A word with a dot behind it is part of a name. */
export function afterWords(items: readonly Item[], index: number, words: ReadonlySet<string>): number {
  let at = index;
  while (items[at] !== undefined && items[at]?.kind !== 'quoted' && words.has(items[at]?.text ?? '') && !isSymbol(items[at + 1], '.'))
    at += 1;
  return at;
}
