import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { longestWaitMs } from '../lock/plan/options.ts';
import { type Fire, longestHoldMs, runFire, takeFire } from './fires.ts';

/**
 * What a schedule promises while the store is healthy. `'no-overlap'`: the scope is locked while the handler runs.
 * `'once-per-fire'`: of all instances one runs each fire. `'both'`: one instance, and under the lock.
 */
export type Guarantee = 'no-overlap' | 'once-per-fire' | 'both';

const guarantees: readonly unknown[] = ['no-overlap', 'once-per-fire', 'both'] satisfies readonly Guarantee[];

/** Throws `InvalidOptionError`. */
export function checkGuarantee(value: unknown): void {
  if (!guarantees.includes(value)) throw new InvalidOptionError('guarantee', value, "'no-overlap', 'once-per-fire' or 'both' is allowed");
}

/**
 * So much before the next fire a wait for the lock ends, so that it is over when that fire looks whether this one still goes. Twice as long as
 * the latest of 500 waits, 50 at a time, took beyond its time: 24 ms.
 */
export const beforeNextFireMs = 50;

/** A fire as one instance comes to it. */
export interface GuaranteedFire<T> {
  readonly guarantee: Guarantee;
  /** Not taken with `'no-overlap'`. */
  readonly fire: Fire;
  /** How long it stays taken. */
  readonly holdMs: number;
  /** What the work needs; not asked with `'once-per-fire'`. */
  readonly scope: () => LockScope;
  /** When the schedule fires next; `undefined`: never again. */
  readonly next: Date | undefined;
  readonly lockOptions: RunOptions;
  readonly work: (lock: Lock) => T | Promise<T>;
}

/** Runs the work if the fire is this instance's, and its scope is free, in so far as the guarantee wants it. */
export async function runGuaranteed<T>(
  locker: ResourceLocker,
  { guarantee, fire, holdMs, scope, next, lockOptions, work }: GuaranteedFire<T>,
): Promise<RunOutcome<T>> {
  if (guarantee === 'once-per-fire') return runFire(locker, fire, Math.max(holdMs, lockOptions.ttlMs ?? 0), lockOptions, work);
  if (guarantee === 'both') {
    const taken = await takeFire(locker, fire, holdMs, lockOptions);
    if (taken.status === 'skipped') return taken;
  }
  return locker.run(scope(), work, lockOptions, { maxHoldMs: longestHoldMs, ...untilNext(next) });
}

/** Whoever waits for the scope has given up when the next fire asks for it. */
function untilNext(next: Date | undefined): RunOptions {
  if (next === undefined) return {};
  return { retry: { maxWaitMs: Math.min(Math.max(0, next.getTime() - Date.now() - beforeNextFireMs), longestWaitMs) } };
}
