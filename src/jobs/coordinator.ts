import type { RunCoordinator } from 'node-cron';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { LockerEvents } from '../lock/events.ts';
import { checkOptions } from '../lock/plan/options.ts';
import { checkLocker } from './check-locker.ts';
import { checkSlotHold, type FireOptions, fireResource, slotHoldMs, takeFire } from './fires.ts';
import { processWide } from './process-wide.ts';
import { isScheduled } from './schedule-names.ts';

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
      if (asksAgain(locker, name, key) || isScheduled(locker, name)) locker.announce('notice', () => twoOf(name));
      const [, due] = slotInKey.exec(key) ?? [];
      const fire = { key, name, slot: due === undefined ? undefined : new Date(due), job: job ?? name };
      const taken = await takeFire(locker, fire, Math.max(holdMs, leaseMs), onStoreDown === undefined ? {} : { onStoreDown });
      return taken.status === 'ran';
    },
  };
}

/** By task, the last fire that was asked for in this process. */
const lastFires = processWide('last-fires.v1', () => new WeakMap<ResourceLocker, Map<string, string>>());

/** Each task asks once for each fire: whoever asks for it again is another task of the same name. */
function asksAgain(locker: ResourceLocker, name: string, key: string): boolean {
  const fires = lastFires.get(locker) ?? new Map<string, string>();
  const isAgain = fires.get(name) === key;
  lastFires.set(locker, fires.set(name, key));
  return isAgain;
}

function twoOf(name: string): LockerEvents['notice'] {
  return {
    code: 'ERR_GIVEWAY_SCHEDULE_NAME',
    message: `Two tasks of this process have the name "${name}", and take fires from each other: give each a name of its own.`,
    resource: fireResource(name),
  };
}
