import { type Clock, systemClock } from '../lock/clock.ts';
import { checkFields } from '../lock/plan/options.ts';
import type { Entry, Listed, LockStore, StoreTraits, Version } from '../lock/store.ts';
import { closedError } from './closed.ts';
import { createSubscribers, type Subscribers } from './subscribers.ts';

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /** Judges expiry, with `monotonicMs()`. Default: the machine's own. */
  readonly clock?: Clock;
}

/** A store for one process. */
export interface MemoryStore extends LockStore {
  /** Another store over the same entries, as a second process would have one. Closing one leaves the others open. */
  connect(): MemoryStore;
}

/**
 * Records in the memory of this process: locks among its own tasks, and tests that need no server.
 *
 * It forgets nothing while the process lives and keeps nothing beyond it. The holders die with their locks, so that
 * is no danger; but it is not durable, and so its versions carry no fence.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  checkFields(options, {}, '', ['clock']);
  const { clock = systemClock } = options;
  return connect({ clock, entries: new Map(), subscribers: createSubscribers(), sweepAtSize: sweepStep });
}

const memoryTraits: StoreTraits = { name: 'memory', ttlGrainMs: 1, mayForget: false, durable: false, pushes: true, appends: true };

/** What all connections of one memory store share. */
interface Shared {
  readonly clock: Clock;
  readonly entries: Map<string, Kept>;
  readonly subscribers: Subscribers;
  sweepAtSize: number;
}

interface Kept extends Entry {
  readonly endsAtMs: number;
}

function connect(shared: Shared): MemoryStore {
  const { entries, subscribers } = shared;
  const subscriptions = new Set<Disposable>();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw closedError('memory');
  }

  function liveAt(key: string, version: Version): Kept | undefined {
    assertOpen();
    const kept = live(shared, key);
    return kept?.version === version ? kept : undefined;
  }

  return {
    traits: memoryTraits,

    async read(key) {
      assertOpen();
      const kept = live(shared, key);
      return kept && entryOf(kept);
    },

    async create(key, value, ttlMs) {
      assertOpen();
      if (live(shared, key) !== undefined) return undefined;
      if (entries.size >= shared.sweepAtSize) sweep(shared);
      return write(shared, key, value, endOf(shared, ttlMs)).version;
    },

    async replace(key, value, version, ttlMs) {
      if (liveAt(key, version) === undefined) return undefined;
      const written = write(shared, key, value, endOf(shared, ttlMs));
      announce(subscribers, key, entryOf(written));
      return written.version;
    },

    async remove(key, version) {
      if (liveAt(key, version) === undefined) return false;
      entries.delete(key);
      announce(subscribers, key);
      return true;
    },

    async append(key, text, version) {
      const kept = liveAt(key, version);
      return kept && write(shared, key, kept.value + text, kept.endsAtMs).version;
    },

    subscribe(key, onChange) {
      const added = subscribers.add(key, onChange);
      const subscription = {
        [Symbol.dispose]: () => {
          subscriptions.delete(subscription);
          added[Symbol.dispose]();
        },
      };
      subscriptions.add(subscription);
      return subscription;
    },

    async *list(prefix): AsyncGenerator<Listed> {
      assertOpen();
      for (const key of entries.keys()) {
        const kept = key.startsWith(prefix) ? live(shared, key) : undefined;
        if (kept) yield { key, ...entryOf(kept) };
      }
    },

    async close() {
      closed = true;
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
    },

    connect: () => connect(shared),
  };
}

function live({ clock, entries }: Shared, key: string): Kept | undefined {
  const kept = entries.get(key);
  return kept !== undefined && clock.monotonicMs() < kept.endsAtMs ? kept : undefined;
}

/** The version is the object itself, compared by identity: nothing written later can equal it. */
function write({ entries }: Shared, key: string, value: string, endsAtMs: number): Kept {
  const written: Kept = { value, version: Object.freeze({}), endsAtMs };
  entries.set(key, written);
  return written;
}

function endOf({ clock }: Shared, ttlMs: number): number {
  return clock.monotonicMs() + ttlMs;
}

function entryOf({ value, version }: Kept): Entry {
  return { value, version };
}

const sweepStep = 64;

/**
 * Drops what has expired. Runs when the map has doubled since the last sweep, so a write costs O(1) on average and
 * no timer is needed, and what has expired is never more than what was alive then, or `sweepStep`.
 */
function sweep(shared: Shared): void {
  for (const key of shared.entries.keys()) {
    if (live(shared, key) === undefined) shared.entries.delete(key);
  }
  shared.sweepAtSize = Math.max(2 * shared.entries.size, sweepStep);
}

/** After the writer's turn, so that a listener cannot run inside the call that woke it. */
function announce(subscribers: Subscribers, key: string, now?: Entry): void {
  if (!subscribers.isEmpty) queueMicrotask(() => subscribers.tell(key, now));
}

/**
 * Grants everything and remembers nothing: for development without locks. Two holders of one resource *will* overlap.
 */
export function nullStore(): LockStore {
  return {
    traits: { name: 'null', ttlGrainMs: 1, mayForget: true, durable: false, pushes: false },
    read: async () => undefined,
    create: async () => ({}),
    replace: async () => ({}),
    remove: async () => true,
    close: async () => {},
  };
}
