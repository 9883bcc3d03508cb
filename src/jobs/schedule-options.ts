import type { TaskContext, TaskOptions } from 'node-cron';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, runOptionNames } from '../lock/plan/options.ts';
import { checkLocker } from './check-locker.ts';
import { checkFireName, checkSlotHold, type FireOptions } from './fires.ts';
import { checkGuarantee, type Guarantee } from './guaranteed-fire.ts';
import { pick } from './pick.ts';
import { requireFreeName } from './schedule-names.ts';

const taskOptionNames = [
  'timezone',
  'name',
  'noOverlap',
  'maxExecutions',
  'maxRandomDelay',
  'logger',
  'suppressMissedWarning',
  'missedExecutionTolerance',
  'unref',
] as const;

/** Options of `schedule`. What else is needed depends on `guarantee`: a `scope`, a `name`, or both. */
export type ScheduleOptions = OncePerFireOptions | BothOptions | NoOverlapOptions;

/** Options of `schedule` for a job that the config describes: it is said there when the job fires, and what it needs. */
export interface ConfiguredJobOptions extends Omit<CommonOptions, 'timezone'> {
  /** Default `'no-overlap'`. */
  readonly guarantee?: 'no-overlap' | 'both';
  readonly onBusy?: 'skip' | 'retry';
}

interface NoOverlapOptions extends ScopeOptions {
  /** Default `'no-overlap'`. The two others need a `name`, the same in every instance. */
  readonly guarantee?: 'no-overlap';
}

interface BothOptions extends ScopeOptions {
  readonly guarantee: 'both';
  /** The same in every instance: what a fire is known by. */
  readonly name: string;
}

interface OncePerFireOptions extends CommonOptions {
  readonly guarantee: 'once-per-fire';
  /** The same in every instance: what a fire is known by. */
  readonly name: string;
  /** `'once-per-fire'` locks no table. */
  readonly scope?: never;
  /** Whoever finds a fire taken has nothing to wait for. */
  readonly onBusy?: 'skip';
  /** `slotHoldMs` says how long a fire stays taken. */
  readonly minHoldMs?: never;
}

interface ScopeOptions extends CommonOptions {
  /** What the handler needs, or a function of the fire that says so. */
  readonly scope: LockScope | ((context: TaskContext) => LockScope);
  /**
   * What a fire does that finds the scope busy. Default `'skip'`. `'retry'` waits for it, until shortly before the next fire
   * or for `retry.maxWaitMs`, whichever is shorter.
   */
  readonly onBusy?: 'skip' | 'retry';
}

interface CommonOptions extends RunOptions, FireOptions, Pick<TaskOptions, (typeof taskOptionNames)[number]> {
  readonly locker: ResourceLocker;
  /** Default 3 600 000: a table's or locker's own `maxHoldMs` comes first. */
  readonly maxHoldMs?: number;
}

/** The options, checked, and parted into the locker's and node-cron's. */
export interface CheckedSchedule {
  readonly locker: ResourceLocker;
  readonly guarantee: Guarantee;
  /** What its fires are known by in the fleet; `undefined` where it takes none. */
  readonly fireName: string | undefined;
  readonly lockOptions: RunOptions;
  readonly taskOptions: TaskOptions;
}

/** `called`: the schedule, in messages. Throws `InvalidOptionError`. */
export function checkSchedule(options: ScheduleOptions, called: string): CheckedSchedule {
  if (options === undefined) throw new InvalidOptionError('options', options, 'an object with a `locker` is allowed');
  checkOptions(options, '', ['locker', 'scope', 'guarantee', 'slotHoldMs', ...runOptionNames, ...taskOptionNames]);
  checkSlotHold(options.slotHoldMs);
  for (const field of ['maxRandomDelay', 'missedExecutionTolerance'] as const) {
    const ms = options[field];
    if (ms !== undefined && !(Number.isFinite(ms) && ms >= 0))
      throw new InvalidOptionError(field, ms, 'a number of milliseconds from 0 up is allowed');
  }
  const { locker, scope, guarantee = 'no-overlap', name } = options;
  checkLocker(locker);
  checkGuarantee(guarantee);
  if (guarantee === 'once-per-fire' && scope !== undefined)
    throw new InvalidOptionError('scope', scope, "'once-per-fire' locks no table: leave the scope out, or set `guarantee` to 'both'");
  if (name !== undefined && typeof name !== 'string') throw new InvalidOptionError('name', name, 'a string is allowed');
  if (guarantee === 'once-per-fire' && options.onBusy === 'retry')
    throw new InvalidOptionError(
      'onBusy',
      'retry',
      "'skip' is allowed with 'once-per-fire': whoever finds a fire taken has nothing to wait for",
    );
  if (guarantee === 'once-per-fire' && options.minHoldMs !== undefined)
    throw new InvalidOptionError(
      'minHoldMs',
      options.minHoldMs,
      "with 'once-per-fire' set `slotHoldMs` instead: how long a fire stays taken",
    );
  if (guarantee !== 'no-overlap' && (name === undefined || name === ''))
    throw new InvalidOptionError('name', name, `'${guarantee}' needs a name, the same in every instance`);
  if (guarantee !== 'once-per-fire' && typeof scope !== 'function') locker.wrap(scope as LockScope, () => {});
  const fireName = guarantee === 'no-overlap' ? undefined : name;
  if (fireName !== undefined) checkFireName(fireName);
  if (fireName !== undefined) requireFreeName(locker, fireName, called);
  return {
    locker,
    guarantee,
    fireName,
    lockOptions: { ...pick(options, runOptionNames as readonly (keyof RunOptions)[]), ...jobOf(options) },
    taskOptions: pick(options, taskOptionNames),
  };
}

function jobOf({ job, name }: ScheduleOptions): RunOptions {
  const shown = job ?? name;
  return shown === undefined || shown === '' ? {} : { job: shown };
}
