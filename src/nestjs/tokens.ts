import { Inject } from '@nestjs/common';
import { processWide } from '../jobs/process-wide.ts';
import { InvalidOptionError } from '../lock/errors.ts';

/** What the locker is called that was given no name. */
export const defaultName = 'default';

/**
 * What a locker of `GivewayModule` is injected by: for factories, and for `overrideProvider` in tests. Nest shows it when there is
 * none, so it says where one comes from. Throws `InvalidOptionError`.
 */
export function getLockerToken(name: string = defaultName): string {
  if (typeof name !== 'string' || name === '') throw new InvalidOptionError('name', name, 'the name of a locker is allowed, or nothing');
  return name === defaultName ? 'the locker of GivewayModule.forRoot()' : `the locker "${name}" of GivewayModule.forRoot()`;
}

/** By class, the names of the lockers that it has injected. */
const injected = processWide('nest-injected.v1', () => new WeakMap<object, Set<string>>());

/** The name of the locker that a class has injected, if it is one only. */
export function injectedName(type: object): string | undefined {
  const names = injected.get(type);
  return names?.size === 1 ? [...names][0] : undefined;
}

/**
 * Injects the locker of `GivewayModule`, or the one of that name, into a parameter of the constructor or a property. Throws
 * `InvalidOptionError`.
 */
export function InjectLocker(name: string = defaultName): ParameterDecorator & PropertyDecorator {
  const inject = Inject(getLockerToken(name));
  return (target: object, key: string | symbol | undefined, index?: number) => {
    const type = typeof target === 'function' ? target : target.constructor;
    injected.set(type, (injected.get(type) ?? new Set()).add(name));
    // Of a property there is no index.
    inject(target, key, index as number);
  };
}
