/**
 * A fire is one tick of a schedule. Each has a name of its own that the whole fleet agrees on, so whoever takes that name
 * first has the fire. The name stays taken for a while after the work has ended: an instance whose clock or timer is late
 * finds it taken, however short the work was.
 */

import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { OpenWait, RunOutcome } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockerEvents } from '../lock/events.ts';
import type { RunOptions, StoreDownPolicy } from '../lock/options.ts';
import { firePrefix, normalizeName } from '../lock/plan/names.ts';
import { ttlRangeMs } from '../lock/plan/options.ts';

/** Longer than clocks of one fleet are apart, plus the second by which node-cron lets a fire be late. */
export const slotHoldMs = 60_000;

/** The default `maxHoldMs` of a handler: scheduled work may be long. */
export const longestHoldMs = 3_600_000;

/** Where two runs of a fire are worse than none. */
const fireDefaults: RunOptions = { onStoreDown: 'skip', maxHoldMs: longestHoldMs };

/** How a fire is taken. */
export interface FireOptions {
  /**
   * How long a fire stays taken, in milliseconds, counted from its start: an integer from 1 000 to 86 400 000. Must be
   * longer than the clocks of the fleet are apart, plus, with `runCoordinator`, how late an instance may be for it;
   * `schedule` adds its `maxRandomDelay` and `missedExecutionTolerance`. Default 60 000.
   */
  readonly slotHoldMs?: number;
  /** Default `'skip'`: if the store does not answer, the fire is skipped by everybody. */
  readonly onStoreDown?: StoreDownPolicy;
}

/** The resource that stands for a fire. `key` is `name:slot`. */
export function fireResource(key: string): string {
  return firePrefix + key;
}

/** One fire, and whose it is. */
export interface Fire {
  /** `name:slot`, or what else the whole fleet knows it by. */
  readonly key: string;
  /** The schedule's. */
  readonly name: string;
  /** When it was due; `undefined` for a run by hand. */
  readonly slot: Date | undefined;
  readonly job: string;
}

/**
 * Takes a fire and lets it go into its minimum hold at once: there is nothing to renew and nothing to leak. The outcome
 * is `'ran'` if it is ours, else it says who has it.
 */
export async function takeFire(locker: ResourceLocker, fire: Fire, holdMs: number, options: RunOptions): Promise<RunOutcome<void>> {
  const asked = { ...options, job: fire.job, ...fireHold(holdMs), heartbeat: false };
  const outcome = await locker.run(fireResource(fire.key), () => {}, asked, fireDefaults, notWaiting);
  tellFire(locker, fire, ++firesAsked, outcome);
  return outcome;
}

/** Runs `work` under the fire itself, which stays taken for `holdMs` at least. */
export async function runFire<T>(
  locker: ResourceLocker,
  fire: Fire,
  holdMs: number,
  options: RunOptions,
  work: (lock: Lock) => T | Promise<T>,
): Promise<RunOutcome<T>> {
  const id = ++firesAsked;
  const told = { id, ...namedBy(fire), holders: [], maxHoldMs: options.maxHoldMs ?? longestHoldMs };
  let beganMs: number | undefined;
  const begun = (lock: Lock): T | Promise<T> => {
    beganMs = performance.now();
    locker.announce('fire', () => ({ ...told, outcome: 'began', heldMs: 0 }));
    return work(lock);
  };
  try {
    const asked = { ...options, job: fire.job, ...fireHold(holdMs) };
    const outcome = await locker.run(fireResource(fire.key), begun, asked, fireDefaults, notWaiting);
    if (outcome.status === 'skipped') tellFire(locker, fire, id, outcome);
    return outcome;
  } finally {
    const heldMs = beganMs === undefined ? undefined : performance.now() - beganMs;
    if (heldMs !== undefined) locker.announce('fire', () => ({ ...told, outcome: 'ended', heldMs }));
  }
}

/** Did another instance have the fire? That is no skip of this one. */
export function isElsewhere(outcome: RunOutcome<unknown>): boolean {
  return outcome.status === 'skipped' && outcome.reason === 'busy' && outcome.resource.startsWith(firePrefix);
}

/** Who finds a fire taken was not kept from anything, and does not starve: another has run it. */
const notWaiting: OpenWait = { waitedMs: 0 };

let firesAsked = 0;

function tellFire(locker: ResourceLocker, fire: Fire, id: number, outcome: RunOutcome<unknown>): void {
  const holders = outcome.status === 'skipped' ? outcome.holders : [];
  const became = outcome.status === 'ran' ? 'taken' : outcome.reason === 'busy' ? 'elsewhere' : outcome.reason;
  locker.announce('fire', () => ({ id, ...namedBy(fire), outcome: became, holders, heldMs: 0, maxHoldMs: 0 }));
}

function namedBy({ name, slot, job }: Fire): Pick<LockerEvents['fire'], 'name' | 'slot' | 'job'> {
  return { name, slot, job };
}

/** Lock options under which a fire is taken once, and stays taken. */
function fireHold(holdMs: number): RunOptions {
  const ms = Math.min(Math.ceil(holdMs), ttlRangeMs.max);
  return { ttlMs: ms, minHoldMs: ms, onBusy: 'skip' };
}

/** Throws `InvalidOptionError`. */
export function checkSlotHold(value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= ttlRangeMs.min && value <= ttlRangeMs.max)) return;
  throw new InvalidOptionError('slotHoldMs', value, `an integer from ${ttlRangeMs.min} to ${ttlRangeMs.max} (milliseconds) is allowed`);
}

/** As long as node-cron's id of a manual run, the longest that stands behind a name. */
const manualSlot = '-'.repeat(36);

/** Can each fire of `name` be locked, a manual one too? Throws `InvalidOptionError`. */
export function checkFireName(name: string): void {
  try {
    normalizeName(fireResource(`${name}:${manualSlot}`), undefined);
  } catch {
    throw new InvalidOptionError(
      'name',
      name,
      'at most 212 bytes without control characters are allowed, with fires that are taken by name',
    );
  }
}
