/** Whose rules identifiers follow. */
export type Dialect = 'postgres' | 'redshift';

export const dialects: readonly Dialect[] = ['postgres', 'redshift'];

/** Longest identifier, in bytes of UTF-8; both cut what is longer. PostgreSQL: NAMEDATALEN - 1. Redshift: "Names and identifiers". */
const longestBytes: Readonly<Record<Dialect, number>> = { postgres: 63, redshift: 127 };

const identifier = /^[a-z_\u00a0-\uffff][a-z0-9_$\u00a0-\uffff]*$/;
const invisibleEdge = /^[\p{Z}\p{Cf}]|[\p{Z}\p{Cf}]$/u;

/** Only ASCII letters fold, as in a database in UTF-8; `É` stays as it is written. */
export function foldLetters(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** An identifier as the database stores it; `text` is what stands between the quotes, if there are any. */
export function storedIdentifier(text: string, isQuoted: boolean, dialect: Dialect): string {
  // Redshift folds quoted names too, unless enable_case_sensitive_identifier is on.
  return cut(isQuoted && dialect === 'postgres' ? text : foldLetters(text), longestBytes[dialect]);
}

/** A stored identifier as it stands in a resource's name: plain where nobody could read it otherwise, else in double quotes. */
export function writtenIdentifier(stored: string): string {
  const isPlain = isIdentifier(stored) && stored === stored.toLowerCase() && !hasInvisibleEdge(stored);
  return isPlain ? stored : `"${stored.replaceAll('"', '""')}"`;
}

/** Can it stand in SQL without quotes, once it is folded? */
export function isIdentifier(stored: string): boolean {
  return identifier.test(stored);
}

/** Does it begin or end with something that nobody sees? To the database that is a letter like others. */
export function hasInvisibleEdge(text: string): boolean {
  return invisibleEdge.test(text);
}

/** Never in the middle of a character. */
function cut(text: string, mostBytes: number): string {
  // A UTF-16 unit is three bytes at most.
  if (text.length * 3 <= mostBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  let end = mostBytes;
  while (((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return bytes.toString('utf8', 0, end);
}
