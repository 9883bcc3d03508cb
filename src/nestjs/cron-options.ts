import { checkFireName, checkSlotHold, type FireOptions } from '../jobs/fires.ts';
import { checkGuarantee, type Guarantee } from '../jobs/guaranteed-fire.ts';
import { pick } from '../jobs/pick.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, runOptionNames } from '../lock/plan/options.ts';
import { resolveScope } from '../lock/plan/scope.ts';

const ofNest = ['timeZone', 'disabled', 'initialDelay', 'threshold', 'unrefTimeout', 'waitForCompletion'] as const;

/** What `@Cron` of `@nestjs/schedule` takes too, and means by it. */
interface CronOptions {
  /** Such as `Europe/Paris`. Default: the zone of the process, which must be the same in every instance then. */
  readonly timeZone?: string;
  /** Default `false`: it is started with the application, and not by hand. */
  readonly disabled?: boolean;
  /** Milliseconds from the start of the application to the start of the job. Default 0. */
  readonly initialDelay?: number;
  /** Up to so many milliseconds late a fire still comes, when the job is started at that moment. Default 250. */
  readonly threshold?: number;
  /** Default `false`: the job keeps the process alive. */
  readonly unrefTimeout?: boolean;
  /** Default `false`: a fire comes though this process still works at the one before. */
  readonly waitForCompletion?: boolean;
}

/** Options of `LockedCron`. Without a `scope` nothing is locked but the fire. */
export interface LockedCronOptions extends Omit<RunOptions, 'signal'>, FireOptions, CronOptions {
  /**
   * What a fire is known by, the same in every instance, and the job in `SchedulerRegistry`. Default: class and method,
   * `VisitsService.refresh`.
   */
  readonly name?: string;
  /** What the method needs, or a function of the moment for which the fire was planned. */
  readonly scope?: LockScope | ((planned: Date) => LockScope);
  /**
   * What holds while the store is healthy. `'both'`, the default with a `scope`: of all instances one runs each fire, under the lock.
   * `'once-per-fire'`, the default without: one runs each fire. `'no-overlap'`: the scope is locked, and each instance may run the
   * fire in turn.
   */
  readonly guarantee?: Guarantee;
  /** What a fire does that finds the scope busy. Default `'skip'`. `'retry'` waits for it, at most until shortly before the next fire. */
  readonly onBusy?: 'skip' | 'retry';
  /** The name of the application's locker. Default: the one without a name. */
  readonly locker?: string;
  /** Default 3 600 000: a table's or locker's own `maxHoldMs` comes first. */
  readonly maxHoldMs?: number;
}

/** The options, checked, and parted into the locker's and Nest's. */
export interface CronPlan extends Pick<LockedCronOptions, 'scope' | 'slotHoldMs' | 'timeZone'> {
  readonly name: string;
  readonly guarantee: Guarantee;
  readonly lockOptions: RunOptions;
  readonly cronOptions: CronOptions & { readonly name: string };
}

/** Throws `InvalidOptionError`. */
export function checkCron(expression: string, method: string, options: LockedCronOptions): CronPlan {
  if (typeof expression !== 'string' || expression === '')
    throw new InvalidOptionError('expression', expression, 'a cron expression is allowed');
  checkOptions(options, '', ['name', 'scope', 'guarantee', 'locker', 'slotHoldMs', ...runOptionNames, ...ofNest]);
  checkSlotHold(options.slotHoldMs);
  const { scope, name = method, guarantee = scope === undefined ? 'once-per-fire' : 'both', slotHoldMs, timeZone } = options;
  if (typeof name !== 'string' || name === '') throw new InvalidOptionError('name', name, 'a non-empty string is allowed');
  checkGuarantee(guarantee);
  if ((scope === undefined) !== (guarantee === 'once-per-fire'))
    throw new InvalidOptionError('scope', scope, "a scope is allowed with 'no-overlap' and 'both', and needed there");
  if (scope === undefined && options.onBusy === 'retry')
    throw new InvalidOptionError(
      'onBusy',
      'retry',
      "'skip' is allowed without a scope: whoever finds a fire taken has nothing to wait for",
    );
  if (scope !== undefined && typeof scope !== 'function') resolveScope(scope, String);
  checkFireName(name);
  const lockOptions = { job: name, ...pick(options, runOptionNames as readonly (keyof LockedCronOptions)[]) } as RunOptions;
  return {
    name,
    guarantee,
    lockOptions,
    cronOptions: { ...pick(options, ofNest), name },
    ...(scope === undefined ? {} : { scope }),
    ...(slotHoldMs === undefined ? {} : { slotHoldMs }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}
