import { Inject, Logger, SetMetadata } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { slotHoldMs } from '../jobs/fires.ts';
import { runGuaranteed } from '../jobs/guaranteed-fire.ts';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { LockScope } from '../lock/options.ts';
import { requireOptions } from '../lock/plan/options.ts';
import { checkMethod } from './check-method.ts';
import { type CronPlan, checkCron, type LockedCronOptions } from './cron-options.ts';
import { rememberCron } from './decorated-crons.ts';
import { rememberMethod } from './decorated-methods.ts';
import { schedulerOf } from './scheduler.ts';
import { slotOf } from './slot.ts';
import { getLockerToken } from './tokens.ts';
import { underWay } from './under-way.ts';

/** The decorator of a method without arguments, or with the lock as its only one. */
export type LockedCronDecorator = <F extends (lock: Lock) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void;

/**
 * `@Cron` of `@nestjs/schedule`, for a fleet: of all instances one runs each fire, under the lock of the scope. The method is given
 * the lock: `lock.signal` aborts when it is lost. A fire that another instance has, or that finds the scope busy, is no error: the
 * locker's events `fire` and `skipped` tell. What the method throws, `@nestjs/schedule` logs. A call by hand is a plain call, which
 * locks nothing. Throws `InvalidOptionError`.
 */
export function LockedCron(expression: string, options: LockedCronOptions = {}): LockedCronDecorator {
  requireOptions(options);
  const inject = Inject(getLockerToken(options.locker));
  return (target, key, descriptor) => {
    checkMethod('@LockedCron', key, descriptor);
    const method = String(key);
    const plan = checkCron(expression, `${target.constructor.name}.${method}`, options);
    const lockerKey = Symbol(`locker of ${method}`);
    const applicationKey = Symbol(`application of ${method}`);
    inject(target, lockerKey);
    Inject(ModulesContainer)(target, applicationKey);
    const { name, guarantee, scope } = plan;
    const fixed = typeof scope === 'function' ? undefined : scope;
    rememberMethod(target.constructor, { decorator: '@LockedCron', method, scope: fixed, locker: options.locker });
    rememberCron(target.constructor, { method, expression, name, takesFires: guarantee !== 'no-overlap', locker: options.locker });

    const call = (instance: Instance, lock: Lock): unknown => (instance[key] as (lock: Lock) => unknown)(lock);
    const fire = createFire(plan, call, (instance) => ({
      locker: instance[lockerKey] as ResourceLocker,
      application: instance[applicationKey] as ModulesContainer,
    }));
    // The scheduler finds a method of its own, so that the one that is decorated stays as it was written.
    Object.defineProperty(target, `${method} on schedule`, { value: fire });
    // As `@Cron` of @nestjs/schedule 6 and 12 does it: loading it here would make everybody install it.
    SetMetadata('SCHEDULE_CRON_OPTIONS', { ...plan.cronOptions, cronTime: expression })(fire);
    SetMetadata('SCHEDULER_NAME', plan.name)(fire);
    SetMetadata('SCHEDULER_TYPE', cronType)(fire);
  };
}

/**
 * A fire that is later than this is left out. `cron` runs a fire however late its timer is; a fire stays taken for so much longer
 * than the clocks of the fleet may be apart.
 */
const lateMs = 30_000;

/** `SchedulerType.CRON` of @nestjs/schedule. */
const cronType = 1;

type Instance = Readonly<Record<string | symbol, unknown>>;

/** Where an instance lives: what Nest has injected. */
interface Home {
  readonly locker: ResourceLocker;
  readonly application: ModulesContainer;
}

type Call = (instance: Instance, lock: Lock) => unknown;

function createFire(plan: CronPlan, call: Call, homeOf: (instance: Instance) => Home): (this: Instance) => Promise<void> {
  const { name, guarantee, scope, slotHoldMs: heldMs = slotHoldMs, timeZone, lockOptions } = plan;
  const logger = new Logger('LockedCron');
  const planned = new WeakMap<object, Date>();
  return async function (this) {
    const { locker, application } = homeOf(this);
    // A job that starts a moment after a fire is run by `cron` at once, before its scheduler has it in its registry.
    await Promise.resolve();
    const job = schedulerOf(application)?.getCronJob(name);
    if (job === undefined) return;
    const now = new Date();
    const slot = slotOf(job, timeZone, now, planned.get(this));
    const next = job.nextDate().toJSDate();
    planned.set(this, next);
    if (guarantee !== 'no-overlap' && now.getTime() - slot.getTime() > lateMs) {
      logger.warn(`Missed the fire of ${name} at ${slot.toISOString()}: this process was busy with something else.`);
      return;
    }
    await underWay(locker).run((wait) =>
      runGuaranteed(locker, {
        guarantee,
        fire: { key: `${name}:${slot.toISOString()}`, name, slot, job: lockOptions.job ?? name },
        holdMs: heldMs + lateMs,
        scope: () => (typeof scope === 'function' ? scope(slot) : scope) as LockScope,
        next,
        lockOptions: { ...lockOptions, signal: wait.signal },
        work: (lock) => {
          wait.over();
          return call(this, lock);
        },
      }),
    );
  };
}
