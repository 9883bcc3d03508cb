import type { Job } from 'bullmq';
import type { PutAside } from './turns.ts';

/** The jobs that were put off from one table. */
export interface Line {
  readonly resource: string;
  jobs: readonly PutAside[];
  /** On their way: they wait for a slot, here or elsewhere. */
  woken: readonly PutAside[];
  wokenMonoMs: number;
  /** Workers without a free slot when one of their jobs was woken last: paused, or at work on something else. */
  readonly slow: Set<unknown>;
  /** The tokens in the record at the last look, and since when they are known. */
  seen: string;
  seenMonoMs: number;
  /** Until the next look; `undefined` while there is one. */
  timer: NodeJS.Timeout | undefined;
  /** The last of its jobs that was put off or, after that, ran: by it the queue is reached. */
  last: Job | undefined;
}

export function newLine(resource: string): Line {
  return {
    resource,
    jobs: [],
    woken: [],
    wokenMonoMs: 0,
    slow: new Set(),
    seen: '',
    seenMonoMs: performance.now(),
    timer: undefined,
    last: undefined,
  };
}
