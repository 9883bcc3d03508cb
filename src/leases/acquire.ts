import { randomUUID } from 'node:crypto';
import { aborted } from '../lock/api/aborts.ts';
import type { Clock } from '../lock/clock.ts';
import { StoreUnavailableError } from '../lock/errors.ts';
import { type Entrant, toHolder } from '../lock/record/record.ts';
import { newToken } from '../lock/record/tokens.ts';
import type { AcquireSettings, ClientSettings } from './check-options.ts';
import { LockCurrentlyUnavailableError, LockNotGrantedError } from './errors.ts';
import { describeName } from './lease-key.ts';
import { encodeHeld, judge, nextLease } from './lease-record.ts';
import { type Confirmed, leaseEntrant } from './lease-writes.ts';

/** Races in a row for one look at the store. Each one means that somebody else succeeded. */
const maxRaces = 8;

/** A store that keeps whole seconds lets an entry live up to three of them longer than its TTL. */
const grainsLate = 3;

/** Past that the oldest goes: its record, if there is one, ends with its lease. */
const mostOrphans = 1_000;

/** One acquisition, and where it happens. */
export interface Acquisition extends AcquireSettings {
  readonly key: string;
  readonly host: string;
  /** Gives up waiting. */
  readonly signal: AbortSignal;
  /** By key, for the whole client: tokens of writes whose answers were lost, so that the next attempt finds its own record and not a stranger's. */
  readonly orphans: Map<string, string>;
}

type Refusal = { readonly absent: true } | { readonly absent: false; readonly blockers: readonly Entrant[] };

/**
 * Takes the lock, waiting as long as the acquisition says. `whileWaiting` is asked before each look: what it returns ends the wait.
 * Rejects with `LockNotGrantedError`, `LockCurrentlyUnavailableError`, `StoreUnavailableError`, or when the wait is aborted.
 */
export async function acquire<T>(
  settings: ClientSettings,
  acquisition: Acquisition,
  whileWaiting: () => T | undefined,
): Promise<Confirmed | { readonly instead: T }> {
  const { clock } = settings;
  const { signal, skipsWaiting, refreshPeriodMs, terms } = acquisition;
  const startedMonoMs = clock.monotonicMs();
  let deadlineMonoMs = startedMonoMs + acquisition.additionalTimeToWaitMs;
  let leaseAdded = false;
  for (let looks = 0; ; looks++) {
    const instead = whileWaiting();
    if (instead !== undefined) return { instead };
    if (signal.aborted) throw aborted(terms.partitionKey, signal);
    const outcome = await attempt(settings, acquisition, looks > 0);
    if ('version' in outcome) return outcome;
    if (skipsWaiting || clock.monotonicMs() >= deadlineMonoMs)
      throw refusalError(acquisition, outcome, clock.monotonicMs() - startedMonoMs);
    if (!outcome.absent && !leaseAdded) {
      leaseAdded = true;
      deadlineMonoMs += longestLeaseMs(outcome.blockers, terms.leaseDurationMs) + grainsLate * settings.store.traits.ttlGrainMs;
    }
    await pause(clock, Math.min(refreshPeriodMs, deadlineMonoMs - clock.monotonicMs()), signal);
  }
}

/** One look. An orphan's token is for one attempt alone: two that shared it would both be granted. */
async function attempt(settings: ClientSettings, acquisition: Acquisition, looksFirst: boolean): Promise<Confirmed | Refusal> {
  const { key, orphans } = acquisition;
  const token = orphans.get(key) ?? newToken();
  orphans.delete(key);
  try {
    return await take(settings, acquisition, token, looksFirst);
  } catch (error) {
    if (error instanceof StoreUnavailableError) {
      for (const oldest of orphans.keys()) if (orphans.size >= mostOrphans) orphans.delete(oldest);
      orphans.set(key, token);
    }
    throw error;
  }
}

/** Without contention it is one request, a `create`; whoever has waited looks before it writes. */
async function take(settings: ClientSettings, acquisition: Acquisition, token: string, looksFirst: boolean): Promise<Confirmed | Refusal> {
  const { store, clock } = settings;
  const { key, terms, mustExist, host } = acquisition;
  for (let races = 0; races < maxRaces; races++) {
    const found = looksFirst || mustExist || races > 0 ? await store.read(key) : undefined;
    if (found === undefined && mustExist) return { absent: true };
    const monoMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const entrant = leaseEntrant({ token, host, pid: process.pid }, terms, wallMs);
    const verdict = found === undefined ? ({ granted: true, previous: undefined } as const) : judge(found.value, entrant, wallMs);
    if (!verdict.granted) return { absent: false, blockers: verdict.blockers };
    const lease = nextLease(verdict.previous, terms, randomUUID());
    const value = encodeHeld(entrant, lease);
    const version =
      found === undefined
        ? await store.create(key, value, lease.leaseDurationMs)
        : await store.replace(key, value, found.version, lease.leaseDurationMs);
    if (version !== undefined) return { entrant, lease, version, monoMs, wallMs };
  }
  return { absent: false, blockers: [] };
}

function longestLeaseMs(blockers: readonly Entrant[], unknownMs: number): number {
  return blockers.length === 0 ? unknownMs : Math.max(...blockers.map(({ ttlMs }) => ttlMs));
}

function refusalError({ terms, skipsWaiting }: Acquisition, refusal: Refusal, waitedMs: number): Error {
  const name = describeName(terms);
  const waited = waitedMs >= 1 ? ` after ${Math.round(waitedMs)} ms` : '';
  if (refusal.absent) return new LockNotGrantedError(`${name} was not acquired${waited}: there is no such lock`);
  const holders = refusal.blockers.map((blocker) => toHolder(terms.partitionKey, blocker));
  return skipsWaiting
    ? new LockCurrentlyUnavailableError(`${name} is not available`, holders)
    : new LockNotGrantedError(`${name} was not acquired${waited}`, holders);
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(end, delayMs);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
