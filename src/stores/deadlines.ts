import { StoreUnavailableError } from '../lock/errors.ts';

/** A call under way, as a link in the list of all. */
export interface Timed {
  older: Timed | undefined;
  newer: Timed | undefined;
  /** On the monotonic clock. */
  endMs: number;
}

/** One timer for all calls of a store. */
export interface Deadlines<C extends Timed> {
  /** From now on `timeoutMs`. */
  begin(call: C): void;
  /** It was answered in time. Once for each call, and not for one that was late. */
  end(call: C): void;
}

/**
 * Calls `onLate` for each call that is not ended within `timeoutMs`. All have the same limit, so the oldest is the next to be late.
 *
 * A timer that fires late (the event loop was blocked) runs before the sockets are read. So the verdict on all that are late by
 * then is put off until the loop has read what had arrived: a busy process must not mistake a healthy store for a dead one.
 */
export function createDeadlines<C extends Timed>(timeoutMs: number, onLate: (call: C) => void): Deadlines<C> {
  let oldest: Timed | undefined;
  let newest: Timed | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** The timer is left to run when the last call ends, since the next one soon begins. It keeps no process alive for that. */
  function wait(delayMs: number): void {
    timer = setTimeout(look, delayMs);
    if (oldest === undefined) timer.unref();
  }

  function look(): void {
    const nowMs = performance.now();
    if (oldest === undefined) timer = undefined;
    else if (oldest.endMs > nowMs) wait(oldest.endMs - nowMs);
    else setImmediate(() => setImmediate(() => judge(nowMs)));
  }

  function judge(lateAtMs: number): void {
    while (oldest !== undefined && oldest.endMs <= lateAtMs) {
      const late = oldest as C;
      unlink(late);
      onLate(late);
    }
    look();
  }

  function unlink(call: Timed): void {
    if (call.older === undefined) oldest = call.newer;
    else call.older.newer = call.newer;
    if (call.newer === undefined) newest = call.older;
    else call.newer.older = call.older;
    call.older = undefined;
    call.newer = undefined;
  }

  return {
    begin(call) {
      call.endMs = performance.now() + timeoutMs;
      call.older = newest;
      if (newest === undefined) oldest = call;
      else newest.newer = call;
      newest = call;
      if (timer === undefined) wait(timeoutMs);
      else if (oldest === call) timer.ref();
    },
    end(call) {
      unlink(call);
      if (oldest === undefined) timer?.unref();
    },
  };
}

/** The same for operations that are promises: each settles as it does, or rejects with `StoreUnavailableError` when it is late. */
export function timeLimit(timeoutMs: number, what: string): <T>(operation: Promise<T>, onTimeout: () => void) => Promise<T> {
  const deadlines = createDeadlines<Limited>(timeoutMs, (call) => {
    call.isLate = true;
    call.reject(new StoreUnavailableError(`${what}: no answer within ${timeoutMs} ms`, { code: 'ERR_GIVEWAY_STORE_TIMEOUT' }));
    call.onTimeout();
  });
  return (operation, onTimeout) =>
    new Promise((resolve, reject) => {
      const call = { older: undefined, newer: undefined, endMs: 0, isLate: false, reject, onTimeout };
      const end = (): void => {
        if (!call.isLate) deadlines.end(call);
      };
      deadlines.begin(call);
      operation.then(
        (answer) => {
          end();
          resolve(answer);
        },
        (error) => {
          end();
          reject(error);
        },
      );
    });
}

/** The same for one operation alone. */
export function withDeadline<T>(operation: Promise<T>, timeoutMs: number, what: string, onTimeout = (): void => {}): Promise<T> {
  return timeLimit(timeoutMs, what)(operation, onTimeout);
}

interface Limited extends Timed {
  isLate: boolean;
  readonly reject: (error: StoreUnavailableError) => void;
  readonly onTimeout: () => void;
}
