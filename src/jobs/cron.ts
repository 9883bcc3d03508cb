import { type ScheduledTask, schedule as scheduleTask, type TaskContext, type TaskOptions } from 'node-cron';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, runOptionNames } from '../lock/plan/options.ts';
import { checkLocker } from './check-locker.ts';
import {
  checkFireName,
  checkSlotHold,
  type FireOptions,
  fireDefaults,
  fireHold,
  fireResource,
  longestHoldMs,
  slotHoldMs,
  takeFire,
} from './fires.ts';

export { type RunCoordinatorOptions, runCoordinator } from './coordinator.ts';

/**
 * What a schedule promises while the store is healthy. `'no-overlap'`: the scope is locked while the handler runs.
 * `'once-per-fire'`: of all instances one runs each fire. `'both'`: one instance, and under the lock.
 */
export type Guarantee = 'no-overlap' | 'once-per-fire' | 'both';

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

/** What became of the fires of one task in this process. */
export interface FireCounts {
  readonly ran: number;
  /** The handler threw, or the store was down and `onStoreDown` is `'throw'`. */
  readonly failed: number;
  /** The scope was busy, another instance had the fire, the store was down, or node-cron's `noOverlap` stopped it. */
  readonly skipped: number;
  /** The process was too busy to start them in time. */
  readonly missed: number;
}

/** A task of node-cron whose handler runs under a lock. Its results (`execution.result`, `lastRun()`, `execute()`) are run outcomes. */
export interface LockedTask<T> extends ScheduledTask {
  execute(): Promise<RunOutcome<T>>;
  fires(): FireCounts;
}

/** So that a wait for the lock is over when the next fire looks whether this one still goes. */
const beforeNextFireMs = 50;

/**
 * Schedules `handler` with node-cron, under a lock. A fire that does not get it is skipped and says why in its result; a
 * manual `execute()` asks for the lock like any fire, and counts as a fire of its own. Throws `InvalidOptionError`, or
 * node-cron's error for a bad expression.
 */
export function schedule<T>(
  expression: string,
  handler: (context: TaskContext, lock: Lock) => T | Promise<T>,
  options: ScheduleOptions,
): LockedTask<T> {
  if (typeof handler !== 'function') throw new InvalidOptionError('handler', handler, 'a function is allowed');
  const { locker, guarantee, lockOptions, taskOptions } = check(options);
  const { scope, name } = options;
  const counts = { ran: 0, failed: 0, skipped: 0, missed: 0 };

  const underScope = (context: TaskContext): Promise<RunOutcome<T>> => {
    const wanted = (typeof scope === 'function' ? scope(context) : scope) as LockScope;
    return locker.run(wanted, (lock) => handler(context, lock), lockOptions, { maxHoldMs: longestHoldMs, ...withinPeriod(context) });
  };
  // An instance may be late by both, however long the fleet's clocks let a fire be taken.
  const holdMs = (options.slotHoldMs ?? slotHoldMs) + (options.missedExecutionTolerance ?? 1_000) + (options.maxRandomDelay ?? 0);
  const underFire = (context: TaskContext): Promise<RunOutcome<T>> => {
    const hold = fireHold(Math.max(holdMs, lockOptions.ttlMs ?? 0));
    return locker.run(fireResource(keyOf(name, context)), (lock) => handler(context, lock), { ...lockOptions, ...hold }, fireDefaults);
  };
  const fire = async (context: TaskContext): Promise<RunOutcome<T>> => {
    if (guarantee === 'once-per-fire') return underFire(context);
    if (guarantee === 'no-overlap') return underScope(context);
    const taken = await takeFire(locker, keyOf(name, context), holdMs, { ...lockOptions, job: `${name} (fire)` });
    return taken.status === 'ran' ? underScope(context) : taken;
  };
  const counted = async (context: TaskContext): Promise<RunOutcome<T>> => {
    try {
      const outcome = await fire(context);
      counts[outcome.status]++;
      return outcome;
    } catch (error) {
      counts.failed++;
      throw error;
    }
  };

  const task = scheduleTask(expression, counted, taskOptions);
  task.on('execution:missed', ({ date }) => {
    counts.missed++;
    // node-cron leaves the warning to whoever listens.
    if (!options.suppressMissedWarning)
      (options.logger ?? console).warn(
        `Missed the fire of ${name ?? expression} at ${date.toISOString()}: this process was busy with something else.`,
      );
  });
  task.on('execution:overlap', () => {
    if (options.noOverlap) counts.skipped++;
  });
  return Object.assign(task, { fires: () => ({ ...counts }) });
}

/** `name:slot`, the same in every instance; a manual run is a fire of its own. */
function keyOf(name: string | undefined, { date, execution }: TaskContext): string {
  return `${name}:${execution?.reason === 'invoked' ? execution.id : date.toISOString()}`;
}

/** Whoever waits for the scope has given up when the next fire asks for it. */
function withinPeriod({ task }: TaskContext): RunOptions {
  const next = task?.getNextRuns(1)[0];
  if (next === undefined) return {};
  return { retry: { maxWaitMs: Math.min(Math.max(0, next.getTime() - Date.now() - beforeNextFireMs), 2 ** 31 - 1) } };
}

function check(options: ScheduleOptions): {
  locker: ResourceLocker;
  guarantee: Guarantee;
  lockOptions: RunOptions;
  taskOptions: TaskOptions;
} {
  if (options === undefined) throw new InvalidOptionError('options', options, 'an object with a `locker` is allowed');
  checkOptions(options, '', ['locker', 'scope', 'guarantee', 'slotHoldMs', ...runOptionNames, ...taskOptionNames]);
  checkSlotHold(options.slotHoldMs);
  const { locker, scope, guarantee = 'no-overlap', name } = options;
  checkLocker(locker);
  if (guarantee !== 'no-overlap' && guarantee !== 'once-per-fire' && guarantee !== 'both') {
    throw new InvalidOptionError('guarantee', guarantee, "'no-overlap', 'once-per-fire' or 'both' is allowed");
  }
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
  if (guarantee !== 'no-overlap') checkFireName(name as string);
  return {
    locker,
    guarantee,
    lockOptions: { ...pick(options, runOptionNames as readonly (keyof RunOptions)[]), ...jobOf(options) },
    taskOptions: pick(options, taskOptionNames),
  };
}

function jobOf({ job, name }: ScheduleOptions): RunOptions {
  const shown = job ?? name;
  return shown === undefined || shown === '' ? {} : { job: shown };
}

function pick<O extends object, K extends keyof O>(options: O, names: readonly K[]): Pick<O, K> {
  return Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]])) as Pick<O, K>;
}
