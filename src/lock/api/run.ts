import type { Clock } from '../clock.ts';
import { GivewayError, type LockLostError, ResourceBusyError, StoreUnavailableError } from '../errors.ts';
import type { Events, ReleaseOutcome } from '../events.ts';
import type { Holder } from '../holder.ts';
import type { ResolvedOptions, ResolvedScope } from '../options.ts';
import { needsOf } from '../plan/scope.ts';
import { HeldLock } from './held-lock.ts';

/** What became of a `run`. A release that failed stands beside the work's result, never instead of it. */
export type RunOutcome<T> =
  | {
      readonly status: 'ran';
      readonly value: T;
      readonly waitedMs: number;
      readonly heldMs: number;
      /** Set when the lock was lost while the work ran. */
      readonly lost: LockLostError | undefined;
      /** `'kept'`: it joined an outer run, which goes on holding. */
      readonly release: ReleaseOutcome | 'failed';
    }
  | {
      readonly status: 'skipped';
      readonly reason: SkipReason;
      readonly resource: string;
      readonly holders: readonly Holder[];
      readonly waitedMs: number;
    };

export type SkipReason = 'busy' | 'store-down' | 'closed' | 'aborted';

type Skip = { readonly reason: SkipReason; readonly resource: string; readonly holders: readonly Holder[] };

/** One run: how it gets its lock, and what it does with it. */
export interface Run<T> {
  readonly clock: Clock;
  readonly events: Events;
  readonly request: { readonly scope: ResolvedScope; readonly options: ResolvedOptions; readonly startedMonoMs: number };
  acquire(): Promise<HeldLock | { readonly resource: string; readonly holders: readonly Holder[] }>;
  within(lock: HeldLock): T | Promise<T>;
  began(): void;
  /** It was busy. */
  skipped(resource: string, holders: readonly Holder[]): void;
}

/** Takes, works, lets go. Rejects with the work's own error, or for what `skipFor` does not excuse. */
export async function runWith<T>(run: Run<T>): Promise<RunOutcome<T>> {
  const { clock, events, request } = run;
  const { scope, options } = request;
  const acquired = await run.acquire().catch((error: unknown) => skipFor(error, scope, options));
  const outcome = acquired instanceof HeldLock && isTooLate(acquired) ? await giveBack(acquired) : acquired;
  const waitedMs = clock.monotonicMs() - request.startedMonoMs;
  if (!(outcome instanceof HeldLock)) {
    const skip: Skip = { reason: 'busy', ...outcome };
    tellSkipped(events, request, waitedMs, skip);
    if (skip.reason === 'busy') run.skipped(skip.resource, skip.holders);
    return { status: 'skipped', ...skip, waitedMs };
  }
  run.began();
  const startMs = clock.monotonicMs();
  let released: ReleaseOutcome | 'failed' = 'failed';
  let value: T;
  let lost: LockLostError | undefined;
  try {
    value = await run.within(outcome);
  } finally {
    outcome.isLive();
    lost = outcome.loss;
    released = await outcome.release().catch(() => 'failed');
  }
  return { status: 'ran', value, waitedMs, heldMs: clock.monotonicMs() - startMs, lost, release: released };
}

/** Tells of a `lock` that gave up. Throws `error` in any case. */
export function gaveUp({ clock, events, request }: Pick<Run<unknown>, 'clock' | 'events' | 'request'>, error: unknown): never {
  tellSkipped(events, request, clock.monotonicMs() - request.startedMonoMs, skipFor(error, request.scope, request.options));
  throw error;
}

function tellSkipped(events: Events, { scope, options }: Run<unknown>['request'], waitedMs: number, skip: Skip): void {
  events.emit('skipped', () => ({ scope, job: options.job, waitedMs, ...skip }));
}

/** The locker was closed, or whoever asked gave up, while the store was asked: such a lock starts no work. */
function isTooLate({ loss, options }: HeldLock): boolean {
  return loss?.reason === 'closed' || options.signal?.aborted === true;
}

async function giveBack(lock: HeldLock): Promise<Skip> {
  await lock.release().catch(() => {});
  return { reason: lock.loss?.reason === 'closed' ? 'closed' : 'aborted', ...nobodyAt(lock.scope) };
}

/** Nobody is in the way, but an outcome names a resource. */
function nobodyAt(scope: ResolvedScope): Pick<Skip, 'resource' | 'holders'> {
  return { resource: needsOf(scope)[0]?.resource ?? '', holders: [] };
}

/** Which failures to get the lock mean only that the work does not run; the others are thrown. */
function skipFor(error: unknown, scope: ResolvedScope, options: ResolvedOptions): Skip {
  if (error instanceof ResourceBusyError) return { reason: 'busy', resource: error.resource, holders: error.holders };
  if (error instanceof StoreUnavailableError && options.onStoreDown === 'skip' && error.code !== 'ERR_GIVEWAY_NO_CAS')
    return { reason: 'store-down', ...nobodyAt(scope) };
  if (error instanceof GivewayError && error.code === 'ERR_GIVEWAY_CLOSED') return { reason: 'closed', ...nobodyAt(scope) };
  if (error instanceof Error && error.name === 'AbortError' && options.signal?.aborted) return { reason: 'aborted', ...nobodyAt(scope) };
  throw error;
}
