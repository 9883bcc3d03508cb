/** What pg calls a query that brings its own protocol: a cursor, a COPY stream. */
export function isSubmittable(statement: unknown): boolean {
  return typeof (statement as { submit?: unknown } | undefined)?.submit === 'function';
}
