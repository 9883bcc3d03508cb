import type { RunCoordinator } from 'node-cron';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { checkOptions } from '../lock/plan/options.ts';
import { tellIfAskedTwice } from './asked-twice.ts';
import { checkLocker } from './check-locker.ts';
import { checkSlotHold, type FireOptions, slotHoldMs, takeFire } from './fires.ts';

export interface RunCoordinatorOptions extends FireOptions {
  /** Shown to others while the fire is taken. Default: the task's name. */
  readonly job?: string;
}

const optionNames = ['slotHoldMs', 'onStoreDown', 'job'];
const slotInKey = /:(\d{4}-\d\d-\d\dT[\d:.]+Z)$/;

/**
 * For node-cron's own `distributed: true`: of all instances one runs each fire. The others' events say `not-elected`, and
 * the locker's event `fire` says who has it.
 *
 * The fire is let go as soon as it is won, into its minimum hold: there is nothing to renew and nothing to leak, whether
 * or not node-cron ever says that the run is complete. A fire stays taken for `slotHoldMs`, or for the task's
 * `distributedLease` if that is longer. Throws `InvalidOptionError`.
 */
export function runCoordinator(locker: ResourceLocker, options: RunCoordinatorOptions = {}): RunCoordinator {
  checkLocker(locker);
  checkOptions(options, '', optionNames);
  checkSlotHold(options.slotHoldMs);
  const { job, onStoreDown, slotHoldMs: holdMs = slotHoldMs } = options;
  return {
    async shouldRun(key, leaseMs) {
      const name = key.replace(slotInKey, '');
      const [, due] = slotInKey.exec(key) ?? [];
      const fire = { key, name, slot: due === undefined ? undefined : new Date(due), job: job ?? name };
      tellIfAskedTwice(locker, fire, Number.POSITIVE_INFINITY);
      const taken = await takeFire(locker, fire, Math.max(holdMs, leaseMs), onStoreDown === undefined ? {} : { onStoreDown });
      return taken.status === 'ran';
    },
  };
}
