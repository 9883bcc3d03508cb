import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { normalizeName } from '../lock/plan/names.ts';
import { fireResource } from './fires.ts';
import { processWide } from './process-wide.ts';

/** Who takes fires by a name: a schedule, or a method that a decorator stands on. */
export interface NameOwner {
  /** What tells it from all others. A decorated method is the same one in each application that has its class. */
  readonly is: object;
  /** `schedule("0 * * * *")`, as messages call it. */
  readonly called: string;
}

interface Taken extends NameOwner {
  times: number;
}

/** The names by which this process takes fires, however they are defined. Two jobs of one name would take them from each other. */
const takenNames = processWide('taken-fire-names.v1', () => new WeakMap<ResourceLocker, Map<string, Taken>>());

/** As its fires are read: without regard to the case of letters, or to blanks before it. */
export function readName(locker: ResourceLocker, name: string): string {
  return normalizeName(fireResource(`${name}:`), locker.nameRules);
}

function takenBy(locker: ResourceLocker, name: string): Taken | undefined {
  return takenNames.get(locker)?.get(readName(locker, name));
}

/** Does a schedule, or a decorated method, of this process take fires by the name? */
export function isScheduled(locker: ResourceLocker, name: string): boolean {
  return takenBy(locker, name) !== undefined;
}

/** Throws `InvalidOptionError` if another job of this process takes fires by the name on this locker. */
export function requireFreeName(locker: ResourceLocker, name: string, called: string, is?: object): void {
  const taken = takenBy(locker, name);
  if (taken === undefined || taken.is === is) return;
  throw new InvalidOptionError(
    'name',
    name,
    `${taken.called} and ${called} would take fires from each other by it: give each a name of its own, or destroy() the other first`,
  );
}

/** The name is taken until what is returned is disposed. Throws `InvalidOptionError`. */
export function takeName(locker: ResourceLocker, name: string, { is, called }: NameOwner): Disposable {
  requireFreeName(locker, name, called, is);
  const names = takenNames.get(locker) ?? new Map<string, Taken>();
  const key = readName(locker, name);
  const taken = names.get(key) ?? { is, called, times: 0 };
  taken.times++;
  takenNames.set(locker, names.set(key, taken));
  let isGivenBack = false;
  return {
    [Symbol.dispose]() {
      if (isGivenBack) return;
      isGivenBack = true;
      if (--taken.times === 0) names.delete(key);
    },
  };
}
