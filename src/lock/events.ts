import { InvalidOptionError, type LockLostError, type LostReason, type StoreUnavailableError } from './errors.ts';
import type { Holder } from './holder.ts';
import { allowedNames } from './nearest.ts';
import type { ResolvedScope } from './options.ts';
import type { StoreNotice } from './store.ts';

/** What became of a lock that was let go. `'not-ours'`: it was no longer ours. `'kept'`: it had joined an outer run, which goes on holding; no event tells of that. */
export type ReleaseOutcome = 'released' | 'not-ours' | 'kept';

/**
 * What a locker tells its listeners: plain data, in the past tense. No event carries the token of a lock of ours. `id` numbers
 * the locks of this process, so that a listener can tell which acquisition a release or a loss belongs to.
 */
export interface LockerEvents {
  /** A lock was taken. `isProtected` is false when the store was down and `onStoreDown` is `'run'`. */
  acquired: { id: number; scope: ResolvedScope; job: string | undefined; waitedMs: number; maxHoldMs: number; isProtected: boolean };
  /** An attempt found the resource held. */
  busy: { resource: string; job: string | undefined; holders: readonly Holder[] };
  /** Somebody here began to wait. */
  waiting: { resource: string; job: string | undefined; holders: readonly Holder[] };
  /** `run` did not run its work, or `lock` gave up: then the same is thrown at its caller. */
  skipped: {
    scope: ResolvedScope;
    job: string | undefined;
    reason: 'busy' | 'store-down' | 'closed' | 'aborted';
    resource: string;
    holders: readonly Holder[];
    waitedMs: number;
  };
  /** A lock was let go. `'handed-over'`: it lives on for whoever restores it. */
  released: { id: number; scope: ResolvedScope; job: string | undefined; heldMs: number; release: ReleaseOutcome | 'handed-over' };
  /** `lock.extend` took effect. */
  extended: { id: number; scope: ResolvedScope; job: string | undefined; ttlMs: number };
  /** A lock ended before it was let go. */
  lost: {
    id: number;
    scope: ResolvedScope;
    job: string | undefined;
    resource: string;
    reason: LostReason;
    heldMs: number;
    error: LockLostError;
  };
  /** The store did not answer a release; the record is left to its TTL. */
  'release-failed': { id: number; scope: ResolvedScope; job: string | undefined; error: unknown };
  /** The first call that the store did not answer. */
  'store-down': { error: StoreUnavailableError };
  /** The first call it answered after that. */
  'store-up': { downMs: number };
  /** The database aborted a transaction because of another one. */
  conflict: { scope: ResolvedScope; job: string | undefined; code: string; message: string; tables: readonly string[]; attempt: number };
  /** A transaction wrote to a table whose lock it did not hold, or took the lock after its snapshot. */
  'late-lock': { sql: string; tables: readonly string[]; job: string | undefined };
  /** A job was skipped again that has been skipped too often, or has not run for too long. `job`: its name, or what it takes. */
  starving: { job: string; resource: string; skips: number; sinceMs: number; holders: readonly Holder[] };
  /**
   * What became here of a schedule's fire that one instance of all is to have. `'taken'`: this one has it. `'began'` and, with `heldMs`,
   * `'ended'`: this one has it, and its work runs under it. `'elsewhere'`: another one has it, named in `holders`; that is no skip.
   * `slot` is when it was due, `undefined` for a run by hand. `id` numbers the fires that this process asked for.
   */
  fire: {
    id: number;
    name: string;
    slot: Date | undefined;
    job: string;
    outcome: 'taken' | 'began' | 'ended' | 'elsewhere' | 'store-down' | 'closed' | 'aborted';
    holders: readonly Holder[];
    heldMs: number;
    maxHoldMs: number;
  };
  /** A fact about the store or a record that an operator should see. */
  notice: StoreNotice & { resource?: string };
}

export type EventName = keyof LockerEvents;
export type Listener<E extends EventName> = (event: LockerEvents[E]) => void;

/** Every event of a locker; a missing name is a compile error. */
const everyEvent: Record<EventName, true> = {
  acquired: true,
  busy: true,
  waiting: true,
  skipped: true,
  released: true,
  extended: true,
  lost: true,
  'release-failed': true,
  'store-down': true,
  'store-up': true,
  conflict: true,
  'late-lock': true,
  starving: true,
  fire: true,
  notice: true,
};

export const eventNames: readonly EventName[] = Object.keys(everyEvent) as EventName[];

/** Listeners by event; `on` and `off` throw `InvalidOptionError`. One that throws harms neither the locker nor the others. */
export interface Events {
  on<E extends EventName>(event: E, listener: Listener<E>): void;
  off<E extends EventName>(event: E, listener: Listener<E>): void;
  /** `describe` is called only if somebody listens. */
  emit<E extends EventName>(event: E, describe: () => LockerEvents[E]): void;
}

/** What `isTold` refuses, nobody hears. */
export function createEvents(isTold: (event: EventName, told: LockerEvents[EventName]) => boolean): Events {
  // Replaced, never changed: `emit` runs through the list it found, and copies nothing.
  const listeners = new Map<EventName, readonly ((event: never) => unknown)[]>();
  return {
    on(event, listener) {
      check(event, listener);
      const list = listeners.get(event) ?? [];
      if (!list.includes(listener)) listeners.set(event, [...list, listener]);
    },
    off(event, listener) {
      check(event, listener);
      const list = listeners.get(event)?.filter((each) => each !== listener) ?? [];
      if (list.length > 0) listeners.set(event, list);
      else listeners.delete(event);
    },
    emit(event, describe) {
      const list = listeners.get(event);
      if (list === undefined) return;
      const payload = describe();
      if (!isTold(event, payload)) return;
      for (const listener of list) {
        try {
          const returned = listener(payload as never);
          if (returned instanceof Promise) returned.catch(() => {});
        } catch {
          // A listener hears; it never steers.
        }
      }
    },
  };
}

/** For callers without types: a listener of an event that does not exist would never hear anything. */
function check(event: EventName, listener: unknown): void {
  if (!eventNames.includes(event)) throw new InvalidOptionError('event', event, `there is no such event${allowedNames(event, eventNames)}`);
  if (typeof listener !== 'function') throw new InvalidOptionError('listener', listener, 'a function is allowed');
}
