/** What statements begin with. */
const beginnings = new Set(
  `abort alter analyse analyze begin call checkpoint close cluster comment commit copy create deallocate declare delete discard do drop
  end execute explain fetch grant import insert listen load lock merge move notify prepare reassign refresh reindex release reset revoke
  rollback savepoint security select set show start table truncate unlisten unload update vacuum values with`.split(/\s+/),
);
const longestBeginning = 10;

/** The word in lower case with which the statement at `from` begins; `(` and `/` for a parenthesis and a comment; else empty. */
export function firstWord(text: string, from: number): string {
  const at = afterBlanks(text, from);
  const first = text[at] ?? '';
  if (first === '(' || text.startsWith('/*', at)) return first;
  if (text.startsWith('--', at)) return '/';
  let end = at;
  while (end - at <= longestBeginning && isLetter(text.charCodeAt(end))) end += 1;
  const word = text.slice(at, end).toLowerCase();
  return beginnings.has(word) ? word : '';
}

// In front of a statement the server writes at most two colons: `duration: 0.123 ms  execute S_1: select …`.
const mostColons = 2;
// The longest of these phrases, with a long name of a prepared statement in it.
const farthestColon = 300;

/** A statement in a message: where it begins, and its first word. */
export interface Told {
  readonly at: number;
  readonly word: string;
}

/**
 * The statement that a message tells of: `statement: …`, `execute S_1: …`, `duration: … ms  statement: …`. The words
 * before it depend on `lc_messages`, so they are not looked at: a statement stands behind a colon and begins like one.
 */
export function toldStatement(message: string): Told | undefined {
  let colon = -1;
  for (let colons = 0; colons < mostColons; colons += 1) {
    colon = nextColon(message, colon + 1);
    if (colon === -1 || colon > farthestColon) return undefined;
    const at = afterBlanks(message, colon + 1);
    const word = firstWord(message, at);
    if (word !== '') return { at, word };
  }
  return undefined;
}

/** A colon, or the last byte of the full-width one that Chinese and Japanese messages may have. */
function nextColon(text: string, from: number): number {
  const plain = text.indexOf(':', from);
  if (plain !== -1 && plain <= farthestColon) return plain;
  const wide = text.slice(0, farthestColon).indexOf('\xef\xbc\x9a', from);
  return wide === -1 ? plain : wide + 2;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}
