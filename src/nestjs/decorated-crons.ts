import type { ModulesContainer } from '@nestjs/core';
import { processWide } from '../jobs/process-wide.ts';
import { takeName } from '../jobs/schedule-names.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { GivewayError } from '../lock/errors.ts';
import { typesIn } from './applications.ts';
import { schedulerOf } from './scheduler.ts';
import { defaultName } from './tokens.ts';

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
  for (const type of typesIn(application, 'once'))
    for (const cron of decorated.get(type) ?? []) yield [`@LockedCron on ${type.name}.${cron.method}()`, cron];
}

/** Without a scheduler no fire ever comes. Throws `GivewayError`. */
export function requireScheduler(application: ModulesContainer): void {
  if (schedulerOf(application) !== undefined) return;
  for (const [called] of cronsIn(application))
    throw new GivewayError(
      'ERR_GIVEWAY_NO_SCHEDULER',
      `${called} never fires: the application has no ScheduleModule; import ScheduleModule.forRoot() of @nestjs/schedule.`,
    );
}

/**
 * A fire belongs to whoever takes its name first: of two methods, or of a method and a schedule of `giveway/cron`, one would run, by chance.
 * So the application's methods on this locker take their names, until what is returned is disposed. Throws `InvalidOptionError`.
 */
export function takeNames(application: ModulesContainer, locker: ResourceLocker, lockerName: string): Disposable {
  const taken: Disposable[] = [];
  const giveBack = (): void => {
    for (const each of taken) each[Symbol.dispose]();
  };
  try {
    for (const [called, cron] of cronsIn(application))
      if (cron.takesFires && (cron.locker ?? defaultName) === lockerName)
        taken.push(takeName(locker, cron.name, { is: cron, called: `${called} ("${cron.expression}")` }));
  } catch (error) {
    giveBack();
    throw error;
  }
  return { [Symbol.dispose]: giveBack };
}
