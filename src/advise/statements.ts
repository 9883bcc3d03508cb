import { tokenize } from '../warehouse/sql/tokens.ts';

/** Statements that differ in their values alone are one. */
export interface Statement {
  readonly id: number;
  /** One of them, as it was written; long lists of values are left out. */
  readonly text: string;
}

/** Finds the statement that a text is, `text` from `from` on; `read` gives the text as it was before it was written into a log. */
export type FindStatement = (text: string, from: number, read: (text: string) => string) => Statement;

// Programs that write names of their own into statements (tmp_4711) make new ones without end. Statements that are
// forgotten here and come again are put together later, by their words.
const mostStatements = 5_000;
const mostCharacters = 2 << 20;

/** Statements by their words, quickly: the one text of each is read once. */
export function createStatements(): FindStatement {
  const known = new Map<number, Statement>();
  let characters = 0;
  let nextId = 0;
  return (text, from, read) => {
    const shape = shapeOf(text, from);
    const found = known.get(shape);
    if (found !== undefined) return found;
    const statement = { id: nextId, text: withoutValues(read(text.slice(from))) };
    nextId += 1;
    characters += statement.text.length;
    if (known.size >= mostStatements || characters > mostCharacters) {
      known.clear();
      characters = statement.text.length;
    }
    known.set(shape, statement);
    return statement;
  };
}

const [space, letter, digit, skipped, symbol] = [0, 1, 2, 3, 4];
const kinds = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z_\x80-\xff]/.test(character)) return letter;
  if (/[0-9]/.test(character)) return digit;
  // Lists of values are of any length, and each is the same statement.
  if (/[(),$]/.test(character)) return skipped;
  return code <= 32 ? space : symbol;
});

/** A number of 53 bits for the words and signs of a statement, without its values. */
function shapeOf(text: string, from: number): number {
  let one = 0x811c9dc5;
  let two = 0x1b873593;
  let before = space;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === apostrophe) {
      at = text.indexOf("'", at + 1);
      if (at === -1) break;
      before = skipped;
      continue;
    }
    const kind = kinds[code & 255] ?? symbol;
    const isOfWord = kind === letter || (kind === digit && before === letter);
    if (isOfWord || kind === symbol) {
      if (isOfWord && before !== letter) one = Math.imul(one ^ 32, 0x01000193);
      one = Math.imul(one ^ code, 0x01000193);
      two = Math.imul(two ^ code, 0x85ebca6b) + one;
    }
    before = isOfWord ? letter : kind;
  }
  return (one >>> 0) * 0x20_0000 + (two & 0x1f_ffff);
}

const apostrophe = 39;

// Shorter ones are kept as they are.
const longText = 2_000;
// As much as the SQL reader is asked to read.
const longestText = 64 << 10;

/** A long statement is mostly its values, which say nothing of tables. */
function withoutValues(text: string): string {
  if (text.length <= longText) return text;
  return text
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/(\([^()]*\))(?:\s*,\s*\([^()]*\))+/g, '$1')
    .slice(0, longestText);
}

/** The words of a statement with `?` for each value, in one line. */
export function inWords(text: string): string {
  const tokens = tokenize(text);
  if (tokens === undefined) return text.replace(/\s+/g, ' ').trim();
  let words = '';
  let end = 0;
  for (const token of tokens) {
    if (token.kind === 'comment') continue;
    const isValue = token.kind === 'string' || token.kind === 'number' || token.kind === 'parameter';
    if (token.start > end && words !== '') words += ' ';
    words += isValue ? '?' : text.slice(token.start, token.end);
    end = token.end;
  }
  return words
    .replace(/\?(?: ?, ?\?)+/g, '?, …')
    .replace(/(\(\?(?:, …)?\))(?: ?, ?\(\?(?:, …)?\))+/g, '$1, …')
    .replace(/ ?;$/, '');
}
