import type { ScheduledTask, TaskContext } from 'node-cron';
import type { Lock } from '../lock/api/lock.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope } from '../lock/options.ts';
import { asConfigured } from './configured.ts';
import { definitionOf } from './definition.ts';
import { type Fire, isElsewhere, slotHoldMs } from './fires.ts';
import { agreementOf } from './fleet-agreement.ts';
import { runGuaranteed } from './guaranteed-fire.ts';
import { checkExpression, installedNodeCron } from './node-cron.ts';
import { takeName } from './schedule-names.ts';
import { type ConfiguredJobOptions, checkSchedule, type ScheduleOptions } from './schedule-options.ts';
import { createWaits, type Wait } from './waits.ts';

export { type RunCoordinatorOptions, runCoordinator } from './coordinator.ts';
export type { Guarantee } from './guaranteed-fire.ts';
export type { ConfiguredJobOptions, ScheduleOptions } from './schedule-options.ts';

/** What became of the fires of one task in this process. */
export interface FireCounts {
  readonly ran: number;
  /** The handler threw, or the store was down and `onStoreDown` is `'throw'`. */
  readonly failed: number;
  /** The scope was busy, the store was down, the task was stopped, or node-cron's `noOverlap` stopped it. */
  readonly skipped: number;
  /** Another instance had the fire: nothing was left out. */
  readonly elsewhere: number;
  /** The process was too busy to start them in time. */
  readonly missed: number;
}

/** A task of node-cron whose handler runs under a lock. Its results (`execution.result`, `lastRun()`, `execute()`) are run outcomes. */
export interface LockedTask<T> extends ScheduledTask {
  execute(): Promise<RunOutcome<T>>;
  fires(): FireCounts;
}

/**
 * Schedules `handler` with node-cron, under a lock. A fire that does not get it is skipped and says why in its result; a
 * manual `execute()` asks for the lock like any fire, and counts as a fire of its own. What still waits when the task is
 * stopped or destroyed does not begin: its result is `'skipped'`, `'aborted'`. Throws `InvalidOptionError`, or `GivewayError`
 * where node-cron is older than 4.4.
 */
export function schedule<T>(
  expression: string,
  handler: (context: TaskContext, lock: Lock) => T | Promise<T>,
  options: ScheduleOptions,
): LockedTask<T>;
/** The same for a job under `jobs` in the config that `loadLocker` read: expression, time zone and scope are the config's. */
export function schedule<T, const N extends string>(
  job: N extends `${string} ${string} ${string} ${string} ${string}` | `@${string}` ? never : N,
  handler: (context: TaskContext, lock: Lock) => T | Promise<T>,
  options: ConfiguredJobOptions,
): LockedTask<T>;
export function schedule<T>(
  expressionOrJob: string,
  handler: (context: TaskContext, lock: Lock) => T | Promise<T>,
  given: ScheduleOptions | ConfiguredJobOptions,
): LockedTask<T> {
  const nodeCron = installedNodeCron();
  const { expression, options } = asConfigured(expressionOrJob, given as ScheduleOptions, nodeCron.validate);
  if (typeof handler !== 'function') throw new InvalidOptionError('handler', handler, 'a function is allowed');
  const called = `schedule("${expression}")`;
  const { locker, guarantee, fireName, lockOptions, taskOptions } = checkSchedule(options, called);
  checkExpression(nodeCron, expression, options.timezone);
  const { scope, name } = options;
  const counts = { ran: 0, failed: 0, skipped: 0, elsewhere: 0, missed: 0 };

  const waits = createWaits(lockOptions.signal);

  // An instance may be late by both, however long the fleet's clocks let a fire be taken.
  const holdMs = (options.slotHoldMs ?? slotHoldMs) + (options.missedExecutionTolerance ?? 1_000) + (options.maxRandomDelay ?? 0);
  const fire = (context: TaskContext, wait: Wait): Promise<RunOutcome<T>> =>
    runGuaranteed(locker, {
      guarantee,
      fire: fireOf(fireName ?? expression, lockOptions.job, context),
      holdMs,
      scope: () => (typeof scope === 'function' ? scope(context) : scope) as LockScope,
      next: context.task?.getNextRuns(1)[0],
      lockOptions: { ...lockOptions, signal: wait.signal },
      work(lock) {
        wait.over();
        return handler(context, lock);
      },
    });
  const counted = async (context: TaskContext): Promise<RunOutcome<T>> => {
    const wait = waits.begin();
    if (comesTooLate(context)) waits.giveUp();
    try {
      const outcome = await fire(context, wait);
      counts[isElsewhere(outcome) ? 'elsewhere' : outcome.status]++;
      if (outcome.status === 'ran' || outcome.reason === 'busy') await agree?.();
      return outcome;
    } catch (error) {
      counts.failed++;
      throw error;
    } finally {
      wait.end();
    }
  };

  const task = nodeCron.schedule(expression, counted, taskOptions);
  const definition = { expression, timezone: options.timezone, scope };
  const agree = fireName === undefined ? undefined : agreementOf(locker, fireName, definitionOf(definition), () => periodMs(task));
  const taken = fireName === undefined ? undefined : takeName(locker, fireName, { is: task, called });
  task.on('task:destroyed', () => taken?.[Symbol.dispose]());
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
  // node-cron destroys a task when one of its fires ends after the last has begun: that one may wait still, and is among those asked for.
  let hasBegunAll = false;
  task.on('execution:maxReached', () => {
    hasBegunAll = true;
  });
  const stopped = (): void => {
    if (!hasBegunAll) waits.giveUp();
  };
  task.on('task:stopped', stopped);
  task.on('task:destroyed', stopped);
  return Object.assign(task, { fires: () => ({ ...counts }) });
}

/** node-cron forgets the jitter of a fire when a later one's begins, and runs by hand what it has destroyed. */
function comesTooLate({ task, execution }: TaskContext): boolean {
  const status = task?.getStatus();
  return status === 'destroyed' || (status === 'stopped' && execution?.reason === 'scheduled');
}

/** The same in every instance; a manual run is a fire of its own. */
function fireOf(name: string, job: string | undefined, { date, execution }: TaskContext): Fire {
  const isManual = execution?.reason === 'invoked';
  return { key: `${name}:${isManual ? execution.id : date.toISOString()}`, name, slot: isManual ? undefined : date, job: job ?? name };
}

/** From the next fire to the one after it. */
function periodMs(task: ScheduledTask): number {
  const [next, later] = task.getNextRuns(2);
  return next === undefined || later === undefined ? 0 : later.getTime() - next.getTime();
}
