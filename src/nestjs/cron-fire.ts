import { type Fire, longestHoldMs, runFire, slotHoldMs, takeFire } from '../jobs/fires.ts';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import type { CronPlan } from './cron-options.ts';

/**
 * A fire that is later than this is left out. `cron` runs a fire however late its timer is; a fire stays taken for so much longer
 * than the clocks of the fleet may be apart.
 */
export const lateMs = 30_000;

/** So that a wait for the lock is over when the next fire asks for it. */
const beforeNextFireMs = 50;

/** One fire in one instance. */
export interface CronFire {
  readonly slot: Date;
  readonly next: Date;
  /** Ends the wait for the lock, and later the work. */
  readonly signal: AbortSignal;
}

/** Runs `work` if the fire is this instance's, and its scope is free. */
export async function runCronFire(
  locker: ResourceLocker,
  { name, guarantee, scope, slotHoldMs: heldMs = slotHoldMs, lockOptions }: CronPlan,
  { slot, next, signal }: CronFire,
  work: (lock: Lock) => unknown,
): Promise<RunOutcome<unknown>> {
  const asked: RunOptions = { ...lockOptions, signal };
  const maxWaitMs = Math.min(Math.max(0, next.getTime() - Date.now() - beforeNextFireMs), 2 ** 31 - 1);
  const underScope = (): Promise<RunOutcome<unknown>> => {
    const wanted = (typeof scope === 'function' ? scope(slot) : scope) as LockScope;
    return locker.run(wanted, work, asked, { maxHoldMs: longestHoldMs, retry: { maxWaitMs } });
  };
  if (guarantee === 'no-overlap') return underScope();
  const fire: Fire = { key: `${name}:${slot.toISOString()}`, name, slot, job: lockOptions.job ?? name };
  const holdMs = heldMs + lateMs;
  if (guarantee === 'once-per-fire') return runFire(locker, fire, Math.max(holdMs, lockOptions.ttlMs ?? 0), asked, work);
  const taken = await takeFire(locker, fire, holdMs, asked);
  return taken.status === 'ran' ? underScope() : taken;
}
