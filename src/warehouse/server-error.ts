/** The SQLSTATE of an error that the server sent. Errors of a socket have codes too, but no severity. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) ? code : undefined;
}

/** Is it the server's last word to a session that it ends: an outage, a shutdown, an administrator, a time-out of idle sessions? */
export function endsSession(error: unknown): boolean {
  return /^(?:08|57P|25P0[34])/.test(sqlStateOf(error) ?? '');
}
