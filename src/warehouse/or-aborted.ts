import { onAbort } from '../lock/api/aborts.ts';

/** What `promise` comes to, unless `signal` aborts first: then rejects with its reason, and leaves the promise to itself. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  let listening: Disposable | undefined;
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    else listening = onAbort(signal, giveUp);
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    listening?.[Symbol.dispose]();
  }
}
