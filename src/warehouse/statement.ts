/** The text of what is given to `query`: a string, a config, or a query that brings its own protocol. */
export function textOf(statement: unknown): string | undefined {
  if (typeof statement === 'string') return statement;
  const { text } = (statement ?? {}) as { text?: unknown };
  return typeof text === 'string' ? text : undefined;
}

/** What pg calls a query that brings its own protocol: a cursor, a COPY stream. */
export function isSubmittable(statement: unknown): boolean {
  return typeof (statement as { submit?: unknown } | undefined)?.submit === 'function';
}
