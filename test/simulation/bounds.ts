import type { Need } from './observed.ts';
import type { Step, Wire } from './plan.ts';

/** How long calls may take, in milliseconds. */
export interface Bounds {
  ask(step: Pick<Step, 'ask' | 'options' | 'abortAfterMs'>, needs: readonly Need[]): number;
  /** `unlock`, `extend`, `handOver`, `restore`. */
  other(needs: readonly Need[]): number;
  readonly close: number;
}

/** Requests one after the other that a call may need beside its wait, each until its deadline: take, look, take back, and once more. */
const fewRequests = 8;
/** `close()` waits so long for work, unless told otherwise. */
const closeTimeoutMs = 5_000;

export function boundsOf({ deadlineMs }: Wire): Bounds {
  const other = (needs: readonly Need[]): number => (fewRequests + 2 * needs.length) * deadlineMs;
  return {
    ask: ({ ask, options, abortAfterMs = Number.POSITIVE_INFINITY }, needs) =>
      (ask === 'lock' || ask === 'retry' ? Math.min(options.maxWaitMs, abortAfterMs) : 0) + other(needs),
    other,
    close: closeTimeoutMs + 2 * fewRequests * deadlineMs,
  };
}
