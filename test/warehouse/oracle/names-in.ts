const quoted = /"((?:[^"]|"")+)"/g;
const plain = /[\p{L}_][\p{L}\p{N}_$]*/gu;
// Strings and comments name nothing. Written by other means than the reader under test.
const noNames = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$/g;

/** Every identifier that a text may name a table by, as stored. */
export function identifiersIn(sql: string): ReadonlySet<string> {
  const bare = sql.replaceAll(noNames, ' ');
  const found = new Set<string>();
  for (const [, name = ''] of bare.matchAll(quoted)) found.add(name.replaceAll('""', '"'));
  for (const [name] of bare.replaceAll(quoted, ' ').matchAll(plain))
    found.add(name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()).slice(0, 63));
  return found;
}
