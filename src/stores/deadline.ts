import { StoreUnavailableError } from '../lock/errors.ts';

/**
 * Settles as `operation` does, or rejects with `StoreUnavailableError` after `timeoutMs`.
 *
 * A timer that fires late (the event loop was blocked) runs before the sockets are read. So the verdict is put off
 * until the loop has read what had arrived by then: a busy process must not mistake a healthy store for a dead one.
 * `onTimeout` is called only with that verdict.
 */
export function withDeadline<T>(operation: Promise<T>, timeoutMs: number, what: string, onTimeout?: () => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let isSettled = false;
    const giveUp = (): void => {
      if (isSettled) return;
      reject(new StoreUnavailableError(`${what}: no answer within ${timeoutMs} ms`, { code: 'ERR_GIVEWAY_STORE_TIMEOUT' }));
      onTimeout?.();
    };
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), timeoutMs);
    const settle = (): void => {
      isSettled = true;
      clearTimeout(timer);
    };
    operation.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
