import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { processWide } from './process-wide.ts';

/** The names by which the schedules of this process take fires. Two of one name would take them from each other. */
const scheduledNames = processWide('scheduled-names.v1', () => new WeakMap<ResourceLocker, Set<string>>());

/** Fires are compared as table names are, without regard to case. */
export function isScheduled(locker: ResourceLocker, name: string): boolean {
  return scheduledNames.get(locker)?.has(name.toLowerCase()) ?? false;
}

/** Throws `InvalidOptionError` if a schedule of this process has the name on this locker. */
export function requireFreeName(locker: ResourceLocker, name: string): void {
  if (isScheduled(locker, name))
    throw new InvalidOptionError(
      'name',
      name,
      'another schedule of this process takes its fires by that name, and each would run some of them; give it a name of its own, or destroy() the other first',
    );
}

/** The name is taken until what is returned is disposed. */
export function takeName(locker: ResourceLocker, name: string): Disposable {
  const names = scheduledNames.get(locker) ?? new Set();
  scheduledNames.set(locker, names.add(name.toLowerCase()));
  return { [Symbol.dispose]: () => void names.delete(name.toLowerCase()) };
}
