import type { ResourceLocker } from '../lock/api/locker.ts';
import { processWide } from './process-wide.ts';

/** Finds a locker by its name, or the one that is meant where nobody names any. */
export type FindLocker = (name: string | undefined) => ResourceLocker | undefined;

/** What a container of a framework knows for the instances it has made, and for the classes of which it makes instances as it goes. */
const known = processWide('container-lockers.v1', () => new WeakMap<object, FindLocker>());

/** From now on `@Locked` methods of an instance, or of the instances of a class, find their locker so. */
export function rememberLockers(of: object, find: FindLocker): void {
  known.set(of, find);
}

/** The container's locker for an instance. */
export function containerLocker(instance: unknown, name: string | undefined): ResourceLocker | undefined {
  if (typeof instance !== 'object' || instance === null) return undefined;
  return (known.get(instance) ?? known.get(instance.constructor))?.(name);
}
