/** Remembers the answers for the texts asked last. */
export interface TextCache<T> {
  get(text: string, compute: () => T): T;
  clear(): void;
}

/**
 * At most `limit` answers, the one unused for longest goes first. Texts above `maxLength` characters are computed
 * each time: they are mostly inserts with their rows written out, which never come twice.
 */
export function createTextCache<T>(limit: number, maxLength: number): TextCache<T> {
  // A Map keeps the order of insertion, so its first key is the oldest.
  const answers = new Map<string, { readonly answer: T }>();
  return {
    get(text, compute) {
      const known = answers.get(text);
      if (known !== undefined) {
        answers.delete(text);
        answers.set(text, known);
        return known.answer;
      }
      const answer = compute();
      if (text.length > maxLength || limit === 0) return answer;
      if (answers.size >= limit) answers.delete(answers.keys().next().value ?? '');
      answers.set(text, { answer });
      return answer;
    },
    clear: () => answers.clear(),
  };
}
