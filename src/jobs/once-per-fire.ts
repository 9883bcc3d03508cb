import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { RunOptions } from '../lock/options.ts';
import { checkOptions, requireOptions, ttlRangeMs } from '../lock/plan/options.ts';
import { tellIfAskedTwice } from './asked-twice.ts';
import { checkLocker } from './check-locker.ts';
import { checkFireName, checkSlotHold, type Fire, type FireOptions, runFire, slotHoldMs } from './fires.ts';
import { requireFreeName } from './schedule-names.ts';

interface NamedFireOptions extends FireOptions {
  /** The job's, the same in every instance; at most 212 bytes. Two jobs of one name would take fires from each other. */
  readonly name: string;
  /** Shown to others while it runs. Default: `name`. */
  readonly job?: string;
  /** The longest that a fire's work may be kept alive, in milliseconds. Default 3 600 000. */
  readonly maxHoldMs?: number;
  /** Skips a fire that has not begun, and aborts the lock's signal of one that has. */
  readonly signal?: AbortSignal;
}

/** Which fire a call belongs to: `at`, where the scheduler says when it was due, else `every`. */
export type OncePerFireOptions<A extends unknown[] = unknown[]> = NamedFireOptions &
  (
    | {
        /** When the fire was due, the same in every instance: a date, milliseconds since 1970, or a function of what the scheduler passes. */
        readonly at: Date | number | ((...args: A) => Date | number);
        readonly every?: undefined;
      }
    | {
        /**
         * The shortest time between two fires, in milliseconds: an integer from 2 000 up. Calls that are less than `slotHoldMs` apart are one
         * fire, whatever their clocks say; `slotHoldMs` is at most half of it, and 60 000 or that half by default.
         */
        readonly every: number;
        readonly at?: undefined;
      }
  );

const optionNames = ['name', 'job', 'at', 'every', 'slotHoldMs', 'onStoreDown', 'maxHoldMs', 'signal'];

/**
 * A function for any scheduler's callback: of all instances that call it for one fire, one runs `work`, however short that is. It gets the
 * lock and what the scheduler passes. The others' outcome is `'skipped'`, `'busy'`, with who has it among the holders. A fire runs at most
 * once: one whose instance dies is not run again. Throws `InvalidOptionError`; a call rejects with the work's own error, with
 * `InvalidOptionError` where `at` gives no date, or with `StoreUnavailableError` if `onStoreDown` is `'throw'`.
 */
export function oncePerFire<A extends unknown[], T>(
  locker: ResourceLocker,
  options: OncePerFireOptions<A>,
  work: (lock: Lock, ...args: A) => T | Promise<T>,
): (...args: A) => Promise<RunOutcome<T>> {
  checkLocker(locker);
  const { name, at, holdMs, job, lockOptions } = checked(options);
  if (typeof work !== 'function') throw new InvalidOptionError('work', work, 'a function is allowed');
  requireFreeName(locker, name, `oncePerFire("${name}")`);
  const once = async (...args: A): Promise<RunOutcome<T>> => {
    const fire = at === undefined ? everyFire(name, job) : fireAt(name, job, typeof at === 'function' ? at(...args) : at);
    tellIfAskedTwice(locker, fire, holdMs, once);
    return runFire(locker, fire, holdMs, lockOptions, (lock) => work(lock, ...args));
  };
  return once;
}

/** All fires have one key: who comes while it is held, and a while longer, comes for the same fire. */
export function everyFire(name: string, job: string): Fire {
  return { key: `${name}:every`, name, slot: undefined, job };
}

function fireAt(name: string, job: string, at: unknown): Fire {
  const slot = new Date(at instanceof Date || typeof at === 'number' ? at : Number.NaN);
  if (Number.isNaN(slot.getTime())) throw new InvalidOptionError('at', at, 'a date, or milliseconds since 1970, is allowed');
  return { key: `${name}:${slot.toISOString()}`, name, slot, job };
}

/** How long such a fire stays taken, from its start. Throws `InvalidOptionError`. */
export function holdOf(every: number, holdMs: number | undefined): number {
  if (!Number.isInteger(every) || every < 2 * ttlRangeMs.min)
    throw new InvalidOptionError('every', every, `an integer from ${2 * ttlRangeMs.min} up (milliseconds) is allowed`);
  const half = Math.floor(every / 2);
  if (holdMs !== undefined && holdMs > half)
    throw new InvalidOptionError(
      'slotHoldMs',
      holdMs,
      `at most ${half}, half of \`every\`, is allowed: the next fire must find the name free`,
    );
  return holdMs ?? Math.min(slotHoldMs, half);
}

function checked<A extends unknown[]>(options: OncePerFireOptions<A>) {
  requireOptions(options);
  checkOptions(options, '', optionNames);
  const { name, at, every, slotHoldMs: given, job = name, onStoreDown, maxHoldMs, signal } = options;
  if (typeof name !== 'string' || name === '') throw new InvalidOptionError('name', name, 'a name is needed, the same in every instance');
  checkFireName(name);
  checkSlotHold(given);
  if ((at === undefined) === (every === undefined))
    throw new InvalidOptionError('at', at, 'one of `at` and `every` says which fire a call belongs to: give one, and not both');
  if (typeof at !== 'function' && at !== undefined) fireAt(name, job, at);
  const lockOptions: RunOptions = {
    ...(onStoreDown === undefined ? {} : { onStoreDown }),
    ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
    ...(signal === undefined ? {} : { signal }),
  };
  return { name, at, job, holdMs: every === undefined ? (given ?? slotHoldMs) : holdOf(every, given), lockOptions };
}
