import { hostname } from 'node:os';
import type { Clock } from '../../lock/clock.ts';
import type { LostReason } from '../../lock/errors.ts';
import type { LockerEvents } from '../../lock/events.ts';
import { needsOf } from '../../lock/plan/scope.ts';
import { listen, type Observed, seenHolders } from '../listening.ts';
import type { ConflictEntry, HoldEntry, HoldOutcome, SkipEntry, WaitEntry } from './journal.ts';

/** A hold as it is written down: small, since this is the hot path. `holdEntries` makes entries of it. */
export interface Hold {
  readonly began: LockerEvents['acquired'];
  readonly fromMs: number;
  heldMs: number | undefined;
  outcome: HoldOutcome;
  reason: LostReason | undefined;
}

/** An entry that is complete at once. */
export type Moment = SkipEntry | WaitEntry | ConflictEntry;

/** Where a recorder writes. */
export interface Sink {
  /** Called at each acquisition. */
  began?(): void;
  ended(hold: Hold): void;
  happened(moment: Moment): void;
}

export interface Recorder extends Disposable {
  /** What is held now. */
  live(): Iterable<Hold>;
}

/** This process, as it is written down. */
export const self: { readonly host: string; readonly pid: number } = { host: hostname(), pid: process.pid };

/** Writes what a locker tells into `sink`, until disposed. */
export function record(locker: Observed, sink: Sink, clock: Clock): Recorder {
  const live = new Map<number, Hold>();

  const end = (id: number, outcome: HoldOutcome, heldMs?: number, reason?: LostReason): void => {
    const hold = live.get(id);
    if (hold === undefined) return;
    live.delete(id);
    hold.heldMs = heldMs;
    hold.outcome = outcome;
    hold.reason = reason;
    sink.ended(hold);
  };
  const about = ({ job }: { readonly job: string | undefined }) => ({ job, ...self, at: new Date(clock.wallMs()) });
  const conflict = ({ tables, code, message, attempt, job }: LockerEvents['conflict']): void => {
    for (const resource of tables) sink.happened({ kind: 'conflict', resource, ...about({ job }), code, message, attempt });
  };

  const subscription = listen(locker, {
    acquired(began) {
      live.set(began.id, { began, fromMs: clock.wallMs(), heldMs: undefined, outcome: 'ongoing', reason: undefined });
      sink.began?.();
    },
    released: ({ id, release, heldMs }) => end(id, release, heldMs),
    lost: ({ id, reason, heldMs }) => end(id, 'lost', heldMs, reason),
    'release-failed': ({ id }) => end(id, 'release-failed', clock.wallMs() - (live.get(id)?.fromMs ?? 0)),
    skipped: ({ resource, job, reason, holders, waitedMs }) =>
      sink.happened({ kind: 'skip', resource, ...about({ job }), reason, holders: seenHolders(holders), waitedMs }),
    waiting: ({ resource, job, holders }) => sink.happened({ kind: 'wait', resource, ...about({ job }), holders: seenHolders(holders) }),
    conflict,
  });
  return {
    live: () => live.values(),
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const id of [...live.keys()]) end(id, 'unknown');
    },
  };
}

/** One entry per resource of the lock. */
export function holdEntries({ began, fromMs, heldMs, outcome, reason }: Hold): readonly HoldEntry[] {
  const { scope, job, waitedMs, isProtected } = began;
  return needsOf(scope).map(({ resource, mode }) => ({
    kind: 'hold',
    resource,
    mode,
    job,
    ...self,
    from: new Date(fromMs),
    to: heldMs === undefined ? undefined : new Date(fromMs + heldMs),
    outcome,
    reason,
    waitedMs,
    isProtected,
  }));
}
