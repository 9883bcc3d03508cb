/**
 * What giveway has in one Nest application. An application is known by its `ModulesContainer`: there may be several in a process,
 * as in tests.
 */

import type { ModulesContainer } from '@nestjs/core';
import { rememberLockers } from '../jobs/container-lockers.ts';
import { processWide } from '../jobs/process-wide.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { defaultName, injectedName } from './tokens.ts';

const applications = processWide('nest-applications.v1', () => new WeakMap<ModulesContainer, Map<string, ResourceLocker>>());

/** The application's lockers, by name. */
export function lockersOf(application: ModulesContainer): ReadonlyMap<string, ResourceLocker> {
  return applications.get(application) ?? new Map();
}

/** Throws `InvalidOptionError` if the application has one of that name. */
export function addLocker(application: ModulesContainer, name: string, locker: ResourceLocker): void {
  const lockers = applications.get(application) ?? new Map<string, ResourceLocker>();
  if (lockers.has(name))
    throw new InvalidOptionError(
      'name',
      name,
      'another GivewayModule of this application has a locker of that name: give each a name of its own, GivewayModule.forRoot(locker, { name })',
    );
  applications.set(application, lockers.set(name, locker));
}

/** One of the application's own providers or controllers, as Nest keeps it. */
interface Kept {
  readonly instance: unknown;
  readonly metatype: unknown;
  /** Made anew for each use. */
  readonly isTransient: boolean;
  /** Made once. One that is made for a request, or injects such a one, is not. */
  isDependencyTreeStatic(): boolean;
}

/** Everything that the application has made, or will make. */
function keptIn(application: ModulesContainer): readonly Kept[] {
  return [...application.values()].flatMap((module) => [
    ...module.providers.values(),
    ...module.controllers.values(),
    ...module.injectables.values(),
  ]);
}

/** The instances there are. */
function instancesIn(application: ModulesContainer): readonly object[] {
  return keptIn(application).flatMap((kept) => (kept.isDependencyTreeStatic() && isObject(kept.instance) ? [kept.instance] : []));
}

/** The same, and for what is made more than once the one that stands for them: on it `@nestjs/bullmq` keeps the worker. */
export function patternsIn(application: ModulesContainer): readonly object[] {
  return keptIn(application).flatMap(({ instance }) => (isObject(instance) ? [instance] : []));
}

/** How often Nest makes what a class provides. What injects something of a request is made for it too. */
export type Made = 'once' | 'for a request' | 'for each use';

/** The classes of what the application makes, and those they extend. One may come several times. */
export function* typesIn(application: ModulesContainer, made: Made): Generator<abstract new () => unknown> {
  for (const kept of keptIn(application)) {
    if (howMade(kept) !== made || !isObject(kept.instance)) continue;
    for (let type = kept.instance.constructor; typeof type === 'function' && type !== Object; type = Object.getPrototypeOf(type))
      yield type as abstract new () => unknown;
  }
}

function howMade(kept: Kept): Made {
  if (!kept.isDependencyTreeStatic()) return 'for a request';
  return kept.isTransient ? 'for each use' : 'once';
}

/**
 * From now on `@Locked` methods of what it has made find the locker that the class has injected, else the default one; and so do
 * those of the instances that it makes for a request, or for each use.
 */
export function tellLockers(application: ModulesContainer): void {
  const remember = (of: object, type: object): void =>
    rememberLockers(of, (name) => lockersOf(application).get(name ?? injectedName(type) ?? defaultName));
  for (const { metatype } of keptIn(application)) if (typeof metatype === 'function') remember(metatype, metatype);
  for (const instance of instancesIn(application)) remember(instance, instance.constructor);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
