import type { ModulesContainer } from '@nestjs/core';
import { processWide } from '../jobs/process-wide.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { LockScope } from '../lock/options.ts';
import { typesIn } from './applications.ts';
import { defaultName } from './tokens.ts';

/** What a decorated method locks, where no fire and no job has a say in it. */
interface DecoratedScope {
  /** The name of its locker. */
  readonly locker: string | undefined;
  readonly scope: LockScope;
}

const decorated = processWide('nest-scopes.v1', () => new WeakMap<object, readonly DecoratedScope[]>());

export function rememberScope(type: object, scope: DecoratedScope): void {
  decorated.set(type, [...(decorated.get(type) ?? []), scope]);
}

/** A table that the locker does not list would fail every fire and every job. Throws `UnknownResourceError`. */
export function checkScopes(application: ModulesContainer, locker: ResourceLocker, lockerName: string): void {
  for (const made of ['once', 'more than once'] as const)
    for (const type of typesIn(application, made))
      for (const { scope, locker: wanted } of decorated.get(type) ?? [])
        if ((wanted ?? defaultName) === lockerName) locker.wrap(scope, () => {});
}
