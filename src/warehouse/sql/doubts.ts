import { type Item, isSymbol, isWord, type Piece } from './items.ts';
import { tokenize } from './tokens.ts';

/** What a text does that makes the tables read from it perhaps not the right ones, or not all. */
export interface Doubt {
  /** `'search_path'`: names without a schema mean others behind it. `'function'`: a statement that writes calls it, and nobody can tell what that writes. */
  readonly about: 'search_path' | 'function';
  /** The schema that comes first in the new path, or the function, as stored. */
  readonly name: string;
}

/** Schemas that the text puts first in the search path, but for `defaultSchema`, which names without a schema are taken to be in. */
export function searchPathsIn(pieces: readonly Piece[], defaultSchema: string | undefined): readonly string[] {
  const paths = pieces.flatMap(({ items }) => [settingOf(items) ?? [], ...configuredIn(items)]);
  return paths.flatMap((path) => {
    const [first = ''] = path.filter((schema) => schema !== '$user');
    return first === defaultSchema || first === 'default' || first === '' ? [] : [first];
  });
}

/** `set_config('search_path', 'a, b', …)`, wherever it is called: the schemas; `…` where the value is not in the text. */
function configuredIn(items: readonly Item[]): readonly (readonly string[])[] {
  return items.flatMap((item, at) => {
    if (item.kind !== 'group') return [];
    const [setting, , value] = item.items;
    if (!isWord(items[at - 1], 'set_config') || setting?.text.toLowerCase() !== 'search_path') return configuredIn(item.items);
    if (value?.kind !== 'string') return [['…']];
    return [(tokenize(value.text) ?? []).filter(({ kind }) => kind !== 'symbol').map(({ text }) => text)];
  });
}

/** `SET [SESSION | LOCAL] search_path { = | TO } a, b`, `SET [SESSION | LOCAL] SCHEMA 'a'`: the schemas. */
function settingOf(items: readonly Item[]): readonly string[] | undefined {
  if (!isWord(items[0], 'set')) return undefined;
  const at = isWord(items[1], 'session', 'local') ? 2 : 1;
  if (isWord(items[at], 'schema')) return items.slice(at + 1, at + 2).map(({ text }) => text);
  if (!isWord(items[at], 'search_path') || !(isSymbol(items[at + 1], '=') || isWord(items[at + 1], 'to'))) return undefined;
  // Written as one string, the whole is one schema to PostgreSQL, however many names are in it.
  return items.slice(at + 2).flatMap((item) => (isSymbol(item, ',') ? [] : [item.text]));
}
