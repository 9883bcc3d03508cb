/** An error as node-postgres makes it. */
export const serverError = (code: string, message: string, detail?: string): Error => Object.assign(new Error(message), { code, detail });

/** How Redshift describes a cycle. */
export const cycleDetail =
  'Serializable isolation violation on table - 26416290, transactions forming the cycle are: 403386940, 403444165 (pid:21563)';
