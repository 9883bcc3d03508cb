import { Inject } from '@nestjs/common';
import type { Job } from 'bullmq';
import { lockedProcessor } from '../jobs/bullmq.ts';
import type { LockedProcessorOptions } from '../jobs/processor-options.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { GivewayError } from '../lock/errors.ts';
import type { LockScope } from '../lock/options.ts';
import { checkOptions, requireOptions, runOptionNames } from '../lock/plan/options.ts';
import { resolveScope } from '../lock/plan/scope.ts';
import { checkMethod } from './check-method.ts';
import { rememberMethod } from './decorated-methods.ts';
import { getLockerToken } from './tokens.ts';

/** Options of `LockedProcess`. */
export interface LockedProcessOptions extends LockedProcessorOptions {
  /** The name of the application's locker. Default: the one without a name. */
  readonly locker?: string;
}

/** The decorator of a `process` method of `@nestjs/bullmq`. */
export type LockedProcessDecorator<J> = <F extends (job: J, token: never, signal: never) => Promise<unknown>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void;

type Process = (job: Job, token: string | undefined, signal: AbortSignal | undefined) => Promise<unknown>;

/**
 * Runs the `process` method of a `WorkerHost` under a lock, as `lockedProcessor` of `giveway/bullmq` does: a job that finds its
 * scope busy is put off, and no attempt is counted; one of a job scheduler is skipped. The method's third argument is the lock's
 * `signal`. At the shutdown its worker is closed before the lockers. Throws `InvalidOptionError`.
 */
export function LockedProcess<J = never>(
  scope: LockScope | ((job: J) => LockScope),
  options: LockedProcessOptions = {},
): LockedProcessDecorator<J> {
  requireOptions(options);
  const { locker, ...lockedOptions } = options;
  checkOptions(lockedOptions, '', runOptionNames);
  if (typeof scope !== 'function') resolveScope(scope, String);
  const inject = Inject(getLockerToken(locker));
  return (target, key, descriptor) => {
    checkMethod('@LockedProcess', key, descriptor);
    const method = descriptor.value as unknown as Process;
    const property = Symbol(`locker of ${String(key)}`);
    inject(target, property);
    const fixed = typeof scope === 'function' ? undefined : scope;
    rememberMethod(target.constructor, { decorator: '@LockedProcess', method: String(key), scope: fixed, locker });
    const processors = new WeakMap<object, Process>();
    const processorOf = (host: { [property]?: ResourceLocker }): Process => {
      const known = processors.get(host);
      if (known !== undefined) return known;
      const injected = host[property];
      if (injected === undefined)
        throw new GivewayError(
          'ERR_GIVEWAY_NO_LOCKER',
          `@LockedProcess on ${host.constructor.name}.${String(key)}(): Nest did not make this instance, so it has no locker; let Nest make it, with GivewayModule imported.`,
        );
      const made = lockedProcessor(
        injected,
        scope as LockScope,
        (job: Job, token, signal) => method.call(host, job, token, signal),
        lockedOptions,
      );
      processors.set(host, made as Process);
      return made as Process;
    };
    // Exactly these three: BullMQ passes the signal only to a function that declares it.
    descriptor.value = async function (this: object, job: Job, token: string | undefined, signal: AbortSignal | undefined) {
      return processorOf(this)(job, token, signal);
    } as unknown as NonNullable<typeof descriptor.value>;
  };
}

/** What `@nestjs/bullmq` makes of a `WorkerHost`, in so far as it is closed here. */
interface Host {
  process(job: unknown): unknown;
  readonly worker: { close(): Promise<void> };
}

/**
 * Closes the workers of all hosts, which waits for their jobs. `@nestjs/bullmq` would do so in the phase in which lockers close, in
 * the order in which the modules were imported.
 */
export async function closeWorkers(hosts: readonly object[]): Promise<void> {
  await Promise.all(hosts.map((instance) => workerOf(instance as Partial<Host>)?.close()));
}

function workerOf(instance: Partial<Host>): Host['worker'] | undefined {
  try {
    if (typeof instance.process !== 'function') return undefined;
    return typeof instance.worker?.close === 'function' ? instance.worker : undefined;
  } catch {
    return undefined; // A host whose worker was never started refuses to be asked.
  }
}
