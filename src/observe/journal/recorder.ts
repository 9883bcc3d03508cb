import type { Clock } from '../../lock/clock.ts';
import type { LostReason } from '../../lock/errors.ts';
import type { LockerEvents } from '../../lock/events.ts';
import { needsOf } from '../../lock/plan/scope.ts';
import { hostName } from '../../lock/plan/settings.ts';
import { listen, type Observed, seenHolders } from '../listening.ts';
import { fireKey, fireOf } from './fires.ts';
import type { FireEntry, HoldEntry, HoldOutcome, JournalEntry } from './journal.ts';

/** A hold as it is written down: small, since this is the hot path. `entriesOf` makes entries of it. */
export interface Hold {
  readonly began: LockerEvents['acquired'];
  readonly host: string;
  readonly fromMs: number;
  heldMs: number | undefined;
  outcome: HoldOutcome;
  reason: LostReason | undefined;
}

/** An entry that is complete at once. */
export type Moment = Exclude<JournalEntry, HoldEntry>;

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

/** This process, as it is written down where a locker has no `host` of its own. */
export const self: { readonly host: string; readonly pid: number } = { host: hostName(), pid: process.pid };

/** Writes what a locker tells into `sink`, until disposed. */
export function record(locker: Observed, sink: Sink, clock: Clock): Recorder {
  const live = new Map<number | string, Hold>();
  const { host = self.host } = locker;

  const begin = (id: number | string, began: LockerEvents['acquired']): void => {
    live.set(id, { began, host, fromMs: clock.wallMs(), heldMs: undefined, outcome: 'ongoing', reason: undefined });
    sink.began?.();
  };
  const end = (id: number | string, outcome: HoldOutcome, heldMs?: number, reason?: LostReason): void => {
    const hold = live.get(id);
    if (hold === undefined) return;
    live.delete(id);
    hold.heldMs = heldMs;
    hold.outcome = outcome;
    hold.reason = reason;
    sink.ended(hold);
  };
  const about = ({ job }: { readonly job: string | undefined }) => ({ job, host, pid: self.pid, at: new Date(clock.wallMs()) });
  const fire = ({ id, job, outcome, heldMs, maxHoldMs, holders, ...named }: LockerEvents['fire']): void => {
    // Numbered by themselves, apart from the locks.
    const key = `fire ${id}`;
    const scope = { writes: [fireKey(named)], appends: [], reads: [] };
    if (outcome === 'began') begin(key, { id, scope, job, waitedMs: 0, maxHoldMs, isProtected: true });
    else if (outcome === 'ended') end(key, 'released', heldMs);
    else {
      const { name, slot } = named;
      const seen = { outcome, holders: seenHolders(holders), to: undefined };
      sink.happened({ kind: 'fire', resource: undefined, name, slot, ...about({ job }), ...seen });
    }
  };

  const subscription = listen(locker, {
    acquired: (began) => begin(began.id, began),
    released: ({ id, release, heldMs }) => end(id, release as HoldOutcome, heldMs),
    lost: ({ id, reason, heldMs }) => end(id, 'lost', heldMs, reason),
    'release-failed': ({ id }) => end(id, 'release-failed', clock.wallMs() - (live.get(id)?.fromMs ?? 0)),
    skipped: ({ scope, resource, job, reason, holders, waitedMs }) =>
      sink.happened({ kind: 'skip', resource, ...about({ job }), reason, scope, holders: seenHolders(holders), waitedMs }),
    waiting: ({ resource, job, holders }) => sink.happened({ kind: 'wait', resource, ...about({ job }), holders: seenHolders(holders) }),
    conflict({ tables, code, message, attempt, job }) {
      for (const resource of tables) sink.happened({ kind: 'conflict', resource, ...about({ job }), code, message, attempt });
    },
    'late-lock'({ tables, job }) {
      for (const resource of tables) sink.happened({ kind: 'late-lock', resource, ...about({ job }) });
    },
    fire,
  });
  return {
    live: () => live.values(),
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const id of [...live.keys()]) end(id, 'unknown');
    },
  };
}

/** One entry per resource of the lock, or the fire that it is. */
export function entriesOf(one: Hold | Moment): readonly (HoldEntry | FireEntry | Moment)[] {
  if ('kind' in one) return [one];
  const { began, host, fromMs, heldMs, outcome, reason } = one;
  const { pid } = self;
  const { scope, job, waitedMs, isProtected } = began;
  const from = new Date(fromMs);
  const to = heldMs === undefined ? undefined : new Date(fromMs + heldMs);
  return needsOf(scope).map(({ resource, mode }) => {
    const fire = fireOf(resource);
    if (fire !== undefined) {
      const ended = outcome === 'unknown' ? from : to;
      return { kind: 'fire', resource: undefined, ...fire, job, host, pid, at: from, to: ended, outcome: 'ran', holders: [] };
    }
    return { kind: 'hold', resource, mode, job, host, pid, from, to, outcome, reason, waitedMs, isProtected };
  });
}
