/** An AbortError, such as the platform's own. */
export function abortError(message: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name: 'AbortError', code: 'ABORT_ERR' });
}
