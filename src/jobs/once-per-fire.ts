import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { GivewayError, InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions, StoreDownPolicy } from '../lock/options.ts';
import { checkOptions } from '../lock/plan/options.ts';
import { checkLocker } from './check-locker.ts';
import { checkFireName, checkSlotHold, type FireOptions, longestHoldMs, runFire, slotHoldMs } from './fires.ts';

interface Named extends FireOptions {
  /** The job's, the same in every instance; at most 212 bytes. Two jobs of one name take fires from each other. */
  readonly name: string;
  /** Tables to hold as well while the work runs. A fire whose tables are busy is skipped by everybody. */
  readonly scope?: LockScope;
  /** Shown to others. Default: `name`. */
  readonly job?: string;
  /** Default 3 600 000. */
  readonly maxHoldMs?: number;
  /** Aborts `lock.signal`, and skips a fire that has not begun. */
  readonly signal?: AbortSignal;
}

/** Which fire a call belongs to. One of the two is said. */
export type OncePerFireOptions =
  | (Named & {
      /** When the fire was due, as the scheduler says: a function, called at each fire, that gives a `Date` or milliseconds since 1970. The same in every instance. */
      readonly at: Date | number | (() => Date | number);
      readonly every?: never;
    })
  | (Named & {
      /** The scheduler's period, in milliseconds, where it does not say when a fire was due: calls that are less than `slotHoldMs` apart are one fire. More than `slotHoldMs`, at most 86 400 000. */
      readonly every: number;
      readonly at?: never;
    });
