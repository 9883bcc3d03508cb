/**
 * The globals that tell and wait for time, in the hands of a fake clock: for what reads them itself, as node-cron does. Its
 * timers are late by some milliseconds, as in a process that has something else to do.
 */
import type { FakeClock } from '../../src/testing/index.ts';

/** Until disposed. `lateMs` says how late the next timer is. */
export function stopTime(clock: FakeClock, lateMs: () => number): Disposable {
  const { Date: RealDate, setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
  class StoppedDate extends RealDate {
    constructor(...parts: [] | [number | string | Date]) {
      super(...((parts.length === 0 ? [Math.floor(clock.wallMs())] : parts) as [number]));
    }
    static override now(): number {
      return Math.floor(clock.wallMs());
    }
  }
  const setFake = (callback: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): object => {
    const timer = clock.setTimer(() => callback(...args), delayMs + lateMs());
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true, timer };
    return handle;
  };
  const clearFake = (handle: { timer?: Disposable } | undefined): void => handle?.timer?.[Symbol.dispose]();
  Object.assign(globalThis, { Date: StoppedDate, setTimeout: setFake, clearTimeout: clearFake });
  return {
    [Symbol.dispose]() {
      Object.assign(globalThis, { Date: RealDate, setTimeout: realSetTimeout, clearTimeout: realClearTimeout });
    },
  };
}
