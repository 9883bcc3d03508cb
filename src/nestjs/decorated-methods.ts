import type { ModulesContainer } from '@nestjs/core';
import { processWide } from '../jobs/process-wide.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope } from '../lock/options.ts';
import { type Made, typesIn } from './applications.ts';
import { defaultName } from './tokens.ts';

/** A method that runs under a lock without being called by the application's own code. */
interface DecoratedMethod {
  readonly decorator: '@LockedCron' | '@LockedProcess';
  readonly method: string;
  /** The name of its locker. */
  readonly locker: string | undefined;
  /** `undefined` where it is made of the fire or the job, or where there is none. */
  readonly scope: LockScope | undefined;
}

const decorated = processWide('nest-methods.v1', () => new WeakMap<object, readonly DecoratedMethod[]>());

export function rememberMethod(type: object, method: DecoratedMethod): void {
  decorated.set(type, [...(decorated.get(type) ?? []), method]);
}

/** What becomes of a method in a class that Nest makes more than once; nothing where it works there too. */
const fates: Readonly<Record<DecoratedMethod['decorator'], Readonly<Partial<Record<Made, string>>>>> = {
  // `@nestjs/schedule` leaves out the first, with a warning, and calls the second on an instance in which nothing is injected.
  '@LockedCron': {
    'for a request': 'it never fires in a class that is made for a request, or that injects such a one',
    'for each use': 'it never fires in a class that is made for each use',
  },
  // `@nestjs/bullmq` makes the first for each job.
  '@LockedProcess': { 'for each use': 'in a class that is made for each use nothing is injected for it' },
};

/**
 * What would go wrong at each fire or job: a table that the locker does not list, or a class that is made when it is too late. Throws
 * `UnknownResourceError` or `InvalidOptionError`.
 */
export function checkMethods(application: ModulesContainer, locker: ResourceLocker, lockerName: string): void {
  const madeOnce = new Set(typesIn(application, 'once'));
  for (const made of ['once', 'for a request', 'for each use'] as const)
    for (const type of typesIn(application, made))
      for (const { decorator, method, scope, locker: wanted } of decorated.get(type) ?? []) {
        const fate = madeOnce.has(type) ? undefined : fates[decorator][made];
        if (fate !== undefined)
          throw new InvalidOptionError(decorator, `${type.name}.${method}()`, `${fate}: give that class Nest's default scope`);
        if (scope !== undefined && (wanted ?? defaultName) === lockerName) locker.wrap(scope, () => {});
      }
}
