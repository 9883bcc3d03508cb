import type { ModulesContainer } from '@nestjs/core';
import { processWide } from '../jobs/process-wide.ts';
import { GivewayError, InvalidOptionError } from '../lock/errors.ts';
import { instancesIn } from './applications.ts';
import { schedulerOf } from './scheduler.ts';

/** A method that `@LockedCron` stands on. */
export interface DecoratedCron {
  readonly method: string;
  readonly expression: string;
  readonly name: string;
  /** Where another one of its name, on the same locker, would take its fires. */
  readonly takesFires: boolean;
  /** The name of its locker. */
  readonly locker: string | undefined;
}

const decorated = processWide('nest-crons.v2', () => new WeakMap<object, readonly DecoratedCron[]>());

export function rememberCron(type: object, cron: DecoratedCron): void {
  decorated.set(type, [...(decorated.get(type) ?? []), cron]);
}

/** As the application has them, in words: `VisitsService.refresh()`. A class that others extend may come more than once. */
function* cronsIn(application: ModulesContainer): Generator<readonly [string, DecoratedCron]> {
  for (const instance of instancesIn(application))
    for (let type = instance.constructor; typeof type === 'function' && type !== Object; type = Object.getPrototypeOf(type))
      for (const cron of decorated.get(type) ?? []) yield [`${type.name}.${cron.method}()`, cron];
}

/** Without a scheduler no fire ever comes. Throws `GivewayError`. */
export function requireScheduler(application: ModulesContainer): void {
  if (schedulerOf(application) !== undefined) return;
  for (const [method] of cronsIn(application))
    throw new GivewayError(
      'ERR_GIVEWAY_NO_SCHEDULER',
      `@LockedCron on ${method} never fires: the application has no ScheduleModule; import ScheduleModule.forRoot() of @nestjs/schedule.`,
    );
}

/** A fire belongs to whoever takes its name first: of two methods one would run, by chance. Throws `InvalidOptionError`. */
export function requireOwnNames(application: ModulesContainer): void {
  const known = new Map<string, readonly [string, DecoratedCron]>();
  for (const [method, cron] of cronsIn(application)) {
    if (!cron.takesFires) continue;
    // Fires are compared without regard to case.
    const key = JSON.stringify([cron.locker, cron.name.toLowerCase()]);
    const [other, first] = known.get(key) ?? [];
    if (first !== undefined && first !== cron)
      throw new InvalidOptionError(
        'name',
        cron.name,
        `@LockedCron on ${other} ("${first.expression}") and on ${method} ("${cron.expression}") would take fires from each other by it: give each a name of its own`,
      );
    known.set(key, [method, cron]);
  }
}
