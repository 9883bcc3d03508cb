import { onAbort } from '../lock/api/aborts.ts';

/** Runs `work` with a signal that aborts when either does. `AbortSignal.any` would leave something on the one that lives longer, for good. */
export async function withEither<T>(
  one: AbortSignal | undefined,
  other: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (one === undefined) return work(other);
  const either = new AbortController();
  const listening = [one, other].map((signal) => {
    const hear = (): void => either.abort(signal.reason);
    if (signal.aborted) hear();
    return onAbort(signal, hear);
  });
  try {
    return await work(either.signal);
  } finally {
    for (const each of listening) each[Symbol.dispose]();
  }
}
