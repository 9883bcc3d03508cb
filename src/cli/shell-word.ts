/** A word as a shell reads it: in quotes, unless it is plain. Names come from records that anybody may have written. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
