import { runFire, takeFire } from '../jobs/fires.ts';
import { everyFire } from '../jobs/once-per-fire.ts';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';

/** What a command needs to begin: its tables, its fire, or both. */
export interface Wanted {
  readonly scope: LockScope | undefined;
  readonly fire: { readonly name: string; readonly holdMs: number } | undefined;
  readonly options: RunOptions;
  /** Where neither flags nor config say anything. */
  readonly defaults: RunOptions;
}

/** First the fire, then the tables: a host that finds the fire taken asks for nothing else. */
export async function take<T>(locker: ResourceLocker, wanted: Wanted, work: (lock: Lock) => Promise<T>): Promise<RunOutcome<T>> {
  const { scope, fire, options, defaults } = wanted;
  if (fire !== undefined) {
    const one = everyFire(fire.name, options.job ?? fire.name);
    const { onStoreDown = defaults.onStoreDown, maxHoldMs, signal } = options;
    const asked: RunOptions = { ...(onStoreDown && { onStoreDown }), ...(maxHoldMs && { maxHoldMs }), ...(signal && { signal }) };
    if (scope === undefined) return runFire(locker, one, fire.holdMs, asked, work);
    const taken = await takeFire(locker, one, fire.holdMs, asked);
    if (taken.status !== 'ran') return taken;
  }
  return locker.run(scope as LockScope, work, options, defaults);
}
