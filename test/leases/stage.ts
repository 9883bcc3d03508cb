import { expect } from '@jest/globals';
import { LockClient, type LockClientOptions } from '../../src/leases/index.ts';
import type { LockStore } from '../../src/lock/store.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

/** A memory store, a clock moved by hand, and as many clients as a test asks for, each on a connection of its own. */
export interface Stage {
  readonly clock: FakeClock;
  readonly memory: MemoryStore;
  /** What `client` and `faultyClient` are made with: a lease of 3 s, a heartbeat each second. */
  client(options?: Partial<LockClientOptions>): LockClient;
  faultyClient(options?: Partial<LockClientOptions>): { client: LockClient; store: FaultyStore };
  /** What is under `key`, parsed; `undefined` if nothing is. */
  record(key: string): Promise<{ holders: { token: string }[]; lease?: Record<string, unknown> } | undefined>;
  /** Moves the clock until `promise` has settled, by 100 ms each time. */
  settle<T>(promise: Promise<T>): Promise<{ outcome: PromiseSettledResult<T>; tookMs: number }>;
}

export function stage(): Stage {
  const clock = fakeClock();
  const memory = memoryStore({ clock });
  const make = (store: LockStore, options: Partial<LockClientOptions>): LockClient =>
    new LockClient({ store, clock, leaseDurationMs: 3_000, heartbeatPeriodMs: 1_000, ...options });
  return {
    clock,
    memory,
    client: (options = {}) => make(memory.connect(), options),
    faultyClient(options = {}) {
      const store = faultyStore(memory.connect(), { clock });
      return { client: make(store, options), store };
    },
    async record(key) {
      const entry = await memory.read(key);
      return entry && JSON.parse(entry.value);
    },
    async settle(promise) {
      const startMs = clock.monotonicMs();
      let outcome: PromiseSettledResult<Awaited<typeof promise>> | undefined;
      void Promise.allSettled([promise]).then(([settled]) => {
        outcome = settled;
      });
      for (let steps = 0; steps < 1_000; steps++) {
        await clock.advance(0);
        if (outcome !== undefined) return { outcome, tookMs: clock.monotonicMs() - startMs } as never;
        await clock.advance(100);
      }
      throw new Error('it did not settle within 100 s');
    },
  };
}

/** Takes the value of what must not be `undefined`. */
export function present<T>(value: T | undefined): T {
  expect(value).toBeDefined();
  return value as T;
}
