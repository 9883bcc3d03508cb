/** The texts under a key that locks leave there, one for each kind: made by lockers of any version, on a clock that stands still. */
import type { LockerOptions, LockStore, ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, fakeClock } from '../../src/testing/index.ts';

type Create = (options: LockerOptions) => ResourceLocker;
type Scene = (open: (options?: Partial<LockerOptions>) => ResourceLocker, clock: FakeClock) => Promise<void>;

/** The resource that all of it is about, and its key. */
export const resource = 'events';
export const key = 'giveway:events';

/** What 0.1.0 can do as well. */
export const oldKinds: Readonly<Record<string, Scene>> = {
  async alone(open) {
    await open({ job: 'refresh', maxHoldMs: 60_000 }).lock(resource);
  },
  async 'alone for ever'(open) {
    await open({ maxHoldMs: Number.POSITIVE_INFINITY }).lock({ reads: resource });
  },
  async sharers(open) {
    await open().lock({ appends: resource });
    await open().lock({ appends: resource });
  },
  async 'min-hold'(open) {
    await (await open().lock(resource, { minHoldMs: 20_000 })).unlock();
  },
};

/** What came after it. */
export const newKinds: Readonly<Record<string, Scene>> = {
  async line(open, clock) {
    await open().lock(resource);
    await waits(open(), clock);
    await waits(open(), clock);
  },
  async 'line that one left'(open, clock) {
    await open().lock(resource);
    const impatience = new AbortController();
    await waits(open(), clock, impatience.signal);
    impatience.abort();
    await clock.advance(10);
  },
  async 'let in'(open, clock) {
    const lock = await open().lock(resource);
    await waits(open(), clock);
    await lock.unlock();
  },
  async limited(open) {
    const resources = { [resource]: { limits: { appends: 2 } } };
    await open({ resources }).lock({ appends: resource });
    await open({ resources }).lock({ appends: resource });
  },
};

/** The texts of these kinds as `create` makes lockers write them. */
export async function textsBy(create: Create, kinds: Readonly<Record<string, Scene>>): Promise<Readonly<Record<string, string>>> {
  const texts: Record<string, string> = {};
  for (const [name, scene] of Object.entries(kinds)) {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    await scene((options) => create({ store: withoutPush(store), clock, ...options }), clock);
    texts[name] = (await store.read(key))?.value ?? 'nothing';
  }
  return texts;
}

/** Nobody is called: whoever is let in has not noticed yet. */
export function withoutPush({ subscribe: _, ...store }: LockStore): LockStore {
  return { ...store, traits: { ...store.traits, pushes: false } };
}

async function waits(locker: ResourceLocker, clock: FakeClock, signal?: AbortSignal): Promise<void> {
  locker.lock(resource, { ...(signal && { signal }) }).catch(() => {});
  await clock.advance(5);
}
