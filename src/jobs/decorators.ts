import type { ResourceLocker } from '../lock/api/locker.ts';
import { refusal } from '../lock/api/refusal.ts';
import { GivewayError, InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, requireOptions, runOptionNames } from '../lock/plan/options.ts';
import { resolveScope } from '../lock/plan/scope.ts';
import { checkLocker, isLocker } from './check-locker.ts';
import { containerLocker } from './container-lockers.ts';
import { processWide } from './process-wide.ts';

export interface LockedOptions extends Omit<RunOptions, 'onBusy'> {
  /**
   * A locker, or the name of the instance's property that holds one, or of a locker of `giveway/nestjs`. Default: the property
   * `locker`, else the one of the application that made the instance, else the default locker.
   */
  readonly locker?: ResourceLocker | string;
  /**
   * What a call does that finds the scope busy. Default: it throws `ResourceBusyError`. `'retry'` waits first. `'skip'`
   * returns `undefined`, on methods whose type says so: `Promise<T | undefined>`.
   */
  readonly onBusy?: 'throw' | 'retry' | 'skip';
  /** Default 3 600 000: a table's or locker's own `maxHoldMs` comes first. */
  readonly maxHoldMs?: number;
}

type Method = (...args: never[]) => Promise<unknown>;

/** What a method must be for the scope function to read its arguments, and for `Busy` to be among its results. */
type Fits<F extends Method, A extends unknown[], Busy> = [Parameters<F>] extends [readonly [...A, ...unknown[]]]
  ? [Busy] extends [Awaited<ReturnType<F>>]
    ? unknown
    : { "with onBusy: 'skip' the method must return": Promise<undefined> }
  : { 'the method must take what the scope function takes': A };

/** A decorator for methods that return a promise: a standard one, and one for `experimentalDecorators`. */
export interface LockedDecorator<A extends unknown[], Busy> {
  <F extends Method>(method: F & Fits<F, A, Busy>, context: ClassMethodDecoratorContext): F;
  <F extends Method>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<F> & Fits<F, A, Busy>): void;
}

const ofProcess = processWide('default-locker.v1', (): { locker: ResourceLocker | undefined } => ({ locker: undefined }));

/**
 * The locker for `@Locked` methods of this process whose options and instances have none, whether they are loaded as ESM or
 * as CommonJS. `undefined` takes it away. Throws `InvalidOptionError`.
 */
export function setDefaultLocker(locker: ResourceLocker | undefined): void {
  if (locker !== undefined) checkLocker(locker);
  ofProcess.locker = locker;
}

/**
 * Runs the method under a lock: `@Locked('events')`, or `@Locked((account: string) => `events/${account}`)` for a scope
 * made of the arguments. What the method returns or throws passes through. The method's name and metadata are kept, so
 * decorators of frameworks may stand above or below. Throws `InvalidOptionError`; a call rejects with `ResourceBusyError`,
 * or with `StoreUnavailableError` if `onStoreDown` forbids to run.
 */
export function Locked<A extends unknown[]>(
  scope: LockScope | ((...args: A) => LockScope),
  options: LockedOptions & { readonly onBusy: 'skip' },
): LockedDecorator<A, undefined>;
export function Locked<A extends unknown[]>(
  scope: LockScope | ((...args: A) => LockScope),
  options?: LockedOptions & { readonly onBusy?: 'throw' | 'retry' },
): LockedDecorator<A, never>;
export function Locked<A extends unknown[]>(scope: LockScope | ((...args: A) => LockScope), options: LockedOptions = {}): unknown {
  requireOptions(options);
  const { locker, onBusy = 'throw', ...lockOptions } = options;
  if (onBusy !== 'throw' && onBusy !== 'retry' && onBusy !== 'skip')
    throw new InvalidOptionError('onBusy', onBusy, "'throw', 'retry' or 'skip' is allowed");
  if (locker !== undefined && typeof locker !== 'string' && !isLocker(locker)) {
    throw new InvalidOptionError('locker', locker, 'what createLocker() returned, or the name of a property that holds it, is allowed');
  }
  checkOptions(lockOptions, '', runOptionNames);
  if (typeof scope !== 'function') resolveScope(scope, String);

  const lock = <F extends Method>(method: F, name: string): F =>
    keepIdentity(method, async function (this: unknown, ...args: never[]): Promise<unknown> {
      const found = lockerOf(this, locker, name);
      const wanted = typeof scope === 'function' ? scope(...(args as unknown[] as A)) : scope;
      // Without 'retry' the table's or the locker's own setting decides whether a call waits.
      const asked = { job: jobOf(this, name), ...lockOptions, ...(onBusy === 'retry' ? { onBusy } : {}) };
      const outcome = await found.run(wanted, () => method.apply(this, args), asked, { maxHoldMs: 3_600_000 });
      if (outcome.status === 'ran') return outcome.value;
      if (outcome.reason === 'busy' && onBusy === 'skip') return undefined;
      throw outcome.reason === 'aborted' ? lockOptions.signal?.reason : refusal(outcome);
    } as unknown as F);

  return <F extends Method>(
    method: F | object,
    context: ClassMethodDecoratorContext | string | symbol,
    descriptor?: TypedPropertyDescriptor<F>,
  ) => {
    if (typeof context === 'object') {
      const { kind, name }: { kind: string; name: string | symbol } = context;
      if (kind !== 'method') throw new InvalidOptionError('@Locked', String(name), `it goes on methods only, and this is a ${kind}`);
      return lock(method as F, String(name));
    }
    if (descriptor?.value === undefined) throw new InvalidOptionError('@Locked', String(context), 'it goes on methods only');
    descriptor.value = lock(descriptor.value, String(context));
    return undefined;
  };
}

function lockerOf(instance: unknown, given: ResourceLocker | string | undefined, method: string): ResourceLocker {
  if (typeof given === 'object') return given;
  const property = (instance as Record<string, unknown> | undefined)?.[given ?? 'locker'];
  if (isLocker(property)) return property;
  const ofContainer = containerLocker(instance, given);
  if (ofContainer !== undefined) return ofContainer;
  if (given === undefined && ofProcess.locker !== undefined) return ofProcess.locker;
  throw new GivewayError(
    'ERR_GIVEWAY_NO_LOCKER',
    `@Locked on ${method}(): the instance has no locker in its property "${given ?? 'locker'}"; give the option \`locker\`, call setDefaultLocker() first, or import GivewayModule in a Nest application.`,
  );
}

/** `Visits.refresh`, for a method of an instance or of the class itself. */
function jobOf(instance: unknown, method: string): string {
  const made = typeof instance === 'function' ? instance.name : (instance as object | undefined)?.constructor?.name;
  return made ? `${made}.${method}` : method;
}

/** What other code knows a method by: its name, length and own properties, and the metadata that frameworks hang on it. */
function keepIdentity<F extends Method>(from: F, to: F): F {
  const { prototype: _, ...own } = Object.getOwnPropertyDescriptors(from) as PropertyDescriptorMap;
  Object.defineProperties(to, own);
  const metadata = Reflect as {
    getOwnMetadataKeys?(of: object): unknown[];
    getOwnMetadata?(key: unknown, of: object): unknown;
    defineMetadata?(key: unknown, value: unknown, of: object): void;
  };
  for (const key of metadata.getOwnMetadataKeys?.(from) ?? []) metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, from), to);
  return to;
}
