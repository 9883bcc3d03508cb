import type { Mode } from '../../lock/holder.ts';
import { type Item, nameAt } from './items.ts';
import { type Token, tokenize } from './tokens.ts';

/** One table named by a hint, as its stored parts. */
export interface HintedTable {
  readonly parts: readonly string[];
  readonly mode: Mode;
}

const modeOfKey: Record<string, Mode> = { writes: 'write', appends: 'append', reads: 'read' };

/**
 * What the author says in comments: `giveway: writes=a,b appends=c reads=d`, or `giveway: none`, in either kind of comment.
 * `undefined`: no hint. `'unreadable'`: there is one, but not in these words; it must not be passed over in silence.
 */
export function readHints(sql: string): readonly HintedTable[] | 'unreadable' | undefined {
  // Most texts have no hint: do not pay for tokens.
  if (!/giveway\s*:/i.test(sql)) return undefined;
  const comments = tokenize(sql)?.filter(isHint) ?? [];
  if (comments.length === 0) return undefined;
  const hints = comments.map((comment) => readHint(comment.text.replace(/^\s*giveway\s*:/i, '')));
  return hints.includes(undefined) ? 'unreadable' : hints.flatMap((tables) => tables ?? []);
}

const isHint = (token: Token): boolean => token.kind === 'comment' && /^\s*giveway\s*:/i.test(token.text);

function readHint(body: string): readonly HintedTable[] | undefined {
  if (/^\s*none\s*$/i.test(body)) return [];
  const items: readonly Item[] | undefined = tokenize(body);
  if (items === undefined || items.length === 0) return undefined;
  const tables: HintedTable[] = [];
  let at = 0;
  while (at < items.length) {
    const key = items[at]?.text ?? '';
    const mode = Object.hasOwn(modeOfKey, key) ? modeOfKey[key] : undefined;
    if (mode === undefined || items[at + 1]?.text !== '=') return undefined;
    at += 2;
    for (;;) {
      const name = nameAt(items, at);
      if (name === undefined) return undefined;
      tables.push({ parts: name.parts, mode });
      at = name.next;
      if (items[at]?.text !== ',') break;
      at += 1;
    }
  }
  return tables;
}
