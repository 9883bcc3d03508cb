import type { LostReason } from '../../src/lock/errors.ts';
import type { Mode } from '../../src/lock/holder.ts';

/** What the workers and the nemesis wrote down. `at` and `until` are milliseconds on the clock of `sharedClockMs`. */
export type Line =
  | (OfTurn & { readonly what: 'ask'; readonly needs: readonly Need[]; readonly limitMs: number })
  | (OfTurn & { readonly what: 'busy'; readonly resource?: string })
  | (OfTurn & { readonly what: 'broken'; readonly code: string })
  | (OfTurn & { readonly what: 'acquired'; readonly isProtected: boolean; readonly holdMs: number })
  /** The lock was looked at, and said that it is held: from here on the holder writes. `at` is from before the look. */
  | (OfTurn & { readonly what: 'look' })
  | (OfTurn & { readonly what: 'lost'; readonly reason: LostReason })
  /** The end of the critical section: the lock is let go next. */
  | (OfTurn & { readonly what: 'done'; readonly limitMs: number })
  | (OfTurn & { readonly what: 'released'; readonly outcome: 'ours' | 'not-ours' | 'failed' })
  /** The store confirmed this worker's entry, at an acquisition or a renewal: asked at `at`, answered at `until`. */
  | (OfWorker & { readonly what: 'confirmed'; readonly resource: string; readonly until: number })
  /** The store said that it removed this worker's record, at some moment between the two. */
  | (OfWorker & { readonly what: 'removed'; readonly resource: string; readonly until: number })
  | (OfWorker & { readonly what: 'unhandled'; readonly error: string })
  | (OfWorker & { readonly what: 'ready' | 'bye' })
  | (OfWorker & { readonly what: 'exited'; readonly code: number | string })
  /** Its end had to be forced: it did not stop when it was told to. */
  | (OfWorker & { readonly what: 'stuck' })
  /** It took nothing although the fault had ended. */
  | (OfWorker & { readonly what: 'starved' })
  /** SIGKILL by the nemesis. */
  | (OfWorker & { readonly what: 'killed' })
  /** It ran no code: SIGSTOP, or a blocked event loop. */
  | (OfWorker & { readonly what: 'paused'; readonly until: number })
  /** The nemesis was at work. */
  | (At & { readonly what: 'struck'; readonly until: number })
  /** Answers got lost, those of one worker or of all: whether a request was done could not always be found out. */
  | (At & { readonly what: 'doubted'; readonly until: number; readonly worker?: string })
  /** The store may have lost records, or (`everything`) has lost all of them, as its documentation says it can. */
  | (At & { readonly what: 'forgot'; readonly until: number; readonly everything: boolean });

export interface Need {
  readonly resource: string;
  readonly mode: Mode;
}

interface At {
  readonly at: number;
}

interface OfWorker extends At {
  readonly worker: string;
}

/** A turn is one attempt and what followed: `worker` and `turn` name it. */
interface OfTurn extends OfWorker {
  readonly turn: number;
}

/** Milliseconds on the clock that all processes of one machine share, and that nobody can set. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}
