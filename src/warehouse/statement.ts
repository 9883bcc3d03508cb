export type Send = (...args: unknown[]) => unknown;

/** `send`, with `failed` told of each statement that does, whether its caller waits for a promise or a callback. */
export function tellingFailures(send: Send, failed: (error: unknown, statement: unknown) => void): Send {
  return (...args) => {
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      const told = (error: unknown, ...rest: unknown[]): unknown => {
        if (error) failed(error, args[0]);
        return (callback as Send)(error, ...rest);
      };
      return send(...args.slice(0, -1), told);
    }
    const sent = send(...args);
    if (!(sent instanceof Promise)) return sent;
    // Handed on: what nobody waits for must still be told as unhandled.
    return sent.catch((error: unknown) => {
      failed(error, args[0]);
      throw error;
    });
  };
}

/** Fails a statement that is not sent, in the way in which its caller waits for it. One that brings its own protocol throws at once. */
export function failUnsent(args: readonly unknown[], error: unknown): unknown {
  const callback = args.at(-1);
  if (typeof callback === 'function') process.nextTick(callback as (reason: unknown) => void, error);
  else if (isSubmittable(args[0])) throw error;
  else return Promise.reject(error);
  return undefined;
}

/** What pg calls a query that brings its own protocol: a cursor, a COPY stream. */
export function isSubmittable(statement: unknown): boolean {
  return typeof (statement as { submit?: unknown } | undefined)?.submit === 'function';
}
