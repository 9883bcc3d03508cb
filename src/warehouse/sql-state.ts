interface Answer {
  readonly code: string;
  readonly severity: string;
}

/** The SQLSTATE of an error that the server sent. Errors of a socket have codes too, but no severity. */
export function sqlStateOf(error: unknown): string | undefined {
  return answerIn(error)?.code;
}

/**
 * Is it the server's last word to a session that it ends: an outage, a shutdown, an administrator, a time-out of idle sessions?
 * A mere ERROR ends none, though triggers raise such codes too (08001 where dblink finds no server). Severities are in the
 * server's language, so no other word is looked for.
 */
export function endsSession(error: unknown): boolean {
  const { code = '', severity } = answerIn(error) ?? {};
  return severity !== 'ERROR' && /^(?:08|57P|25P0[34])/.test(code);
}

function answerIn(error: unknown): Answer | undefined {
  const { code, severity } = (error ?? {}) as Partial<Record<keyof Answer, unknown>>;
  return typeof severity === 'string' && typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) ? { code, severity } : undefined;
}
