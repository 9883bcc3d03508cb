import type { StoreTraits } from '../../lock/store.ts';
import { newText, tombstone, valueIn } from './text.ts';

/** What stands under which key. */
export interface Layout {
  /** What it says of the store. */
  readonly traits: Partial<StoreTraits>;
  /** Where in the cache `key` is. Throws `InvalidOptionError`. */
  place(key: string): string;
  /** Stands under a released key for a second, and is taken for nothing: one and the same text for all. */
  released(key: string): string;
  /** What to write; no two writes are equal. Throws `InvalidOptionError` for what the layout has no room for. */
  text(key: string, value: string): string;
  /** What was written; a text that nobody could have written comes back as it is, so that it is busy. */
  value(key: string, text: string): string;
}

/** Any record, behind an id of its own. */
export const givewayLayout: Layout = {
  traits: {},
  place: (key) => key,
  released: () => tombstone,
  text: (_, value) => newText(value),
  value: (_, text) => valueIn(text),
};
