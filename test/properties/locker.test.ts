import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLocker, type Lock, type LockScope, type Mode, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

const names = ['a', 'b', 'c'];
const ttlMs = 2_000;

interface Machine {
  readonly locker: ResourceLocker;
  readonly store: FaultyStore;
  readonly locks: Lock[];
}

interface World {
  readonly clock: FakeClock;
  readonly machines: Machine[];
  /** Since then every lock has been told of what happened to it. */
  forgottenAtMs: number;
}

function createWorld(): World {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const machines = [0, 1, 2].map(() => {
    const store = faultyStore(backend.connect(), { clock });
    return { store, locker: createLocker({ store, clock, ttlMs, maxHoldMs: 20_000, onStoreDown: 'throw' }), locks: [] };
  });
  return { clock, machines, forgottenAtMs: Number.NEGATIVE_INFINITY };
}

/** What a machine believes to hold, and may act upon. */
function live({ machines }: World): { mode: Mode; resource: string; machine: number; lock: Lock }[] {
  return machines.flatMap(({ locks }, machine) =>
    locks
      .filter((lock) => lock.remainingMs() > 0)
      .flatMap((lock) => [
        ...lock.scope.writes.map((resource) => ({ mode: 'write' as const, resource, machine, lock })),
        ...lock.scope.appends.map((resource) => ({ mode: 'append' as const, resource, machine, lock })),
        ...lock.scope.reads.map((resource) => ({ mode: 'read' as const, resource, machine, lock })),
      ]),
  );
}

function mustBeApart(world: World): void {
  // After the store forgot, an overlap lasts until the next heartbeat of each holder: that is what "best effort" says.
  if (world.clock.monotonicMs() < world.forgottenAtMs + ttlMs) return;
  const held = live(world);
  for (const one of held) {
    for (const other of held) {
      if (one.lock === other.lock || one.resource !== other.resource) continue;
      expect(`${one.mode} with ${other.mode}`).toBe(one.mode === 'append' ? 'append with append' : 'read with read');
    }
  }
}

/** What a call comes to, as soon as it does: a store that fails is asked again after a pause, which is on the clock. */
async function settled<T>(clock: FakeClock, call: Promise<T>): Promise<T> {
  let isOver = false;
  const over = call.finally(() => {
    isOver = true;
  });
  for (let ms = 1; !isOver && ms < 1_000; ms += 10) await clock.advance(ms === 1 ? 1 : 10);
  expect(isOver ? 'settled within a second' : 'pending').toBe('settled within a second');
  return over;
}

const scope: fc.Arbitrary<LockScope> = fc
  .dictionary(fc.constantFrom(...names), fc.constantFrom('writes', 'appends', 'reads'), { minKeys: 1, maxKeys: 3 })
  .map((modes) => {
    const wanted: Record<string, string[]> = {};
    for (const [name, field] of Object.entries(modes)) wanted[field] = [...(wanted[field] ?? []), name];
    return wanted;
  });
const machine = fc.nat({ max: 2 });
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant('try' as const), machine, scope }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('unlock' as const), machine, nth: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('block' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('cut off' as const), machine }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('mend' as const), machine }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('lose an answer' as const), machine }) },
  { weight: 1, arbitrary: fc.constant({ act: 'forget' as const }) },
);

async function obey(world: World, each: typeof command extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const { clock, machines } = world;
  if (each.act === 'wait') return clock.advance(each.ms);
  if (each.act === 'block') return clock.block(each.ms);
  if (each.act === 'forget') {
    for (const name of names) {
      const entry = await machines[0]?.store.read(`giveway:${name}`).catch(() => undefined);
      if (entry !== undefined) await machines[0]?.store.remove(`giveway:${name}`, entry.version).catch(() => {});
    }
    world.forgottenAtMs = clock.monotonicMs();
    return;
  }
  const { locker, store, locks } = machines[each.machine] as Machine;
  if (each.act === 'try') {
    const taking = locker.tryLock(each.scope).catch(() => undefined);
    const lock = await settled(clock, taking);
    if (lock !== undefined) locks.push(lock);
  } else if (each.act === 'unlock') {
    const [lock] = locks.splice(each.nth % Math.max(1, locks.length), 1);
    if (lock !== undefined)
      await settled(
        clock,
        lock.unlock().catch(() => false),
      );
  } else if (each.act === 'cut off') store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
  else if (each.act === 'mend') store.disarm();
  else store.arm('every', 'reject-after');
}

test('P1, P4, P6: any run of several machines over a store with faults keeps incompatible holders apart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const world = createWorld();
      for (const each of commands) {
        await obey(world, each);
        mustBeApart(world);
      }
      // P3: once everybody has let go or is gone, all is free within the TTL and the clock skew.
      for (const { store, locks } of world.machines) {
        store.disarm();
        for (const lock of locks)
          await settled(
            world.clock,
            lock.unlock().catch(() => false),
          );
      }
      await world.clock.advance(ttlMs + 2_000 + 10);
      const { locker } = world.machines[0] as Machine;
      expect(await settled(world.clock, locker.tryLock(names))).toBeDefined();
    }),
    { numRuns: 150 },
  );
}, 120_000);

test('P5: any set of takers of several resources ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ machine, scope }), { minLength: 2, maxLength: 12 }), async (takers) => {
      const world = createWorld();
      const inside: { mode: Mode; resource: string }[] = [];
      const runs = takers.map(({ machine: at, scope: wanted }) =>
        (world.machines[at] as Machine).locker.run(
          wanted,
          async (lock) => {
            const mine = live({ ...world, machines: [{ ...(world.machines[at] as Machine), locks: [lock] }] }).map(
              ({ mode, resource }) => ({ mode, resource }),
            );
            for (const { mode, resource } of mine) {
              const others = inside.filter((other) => other.resource === resource);
              expect(others.every((other) => other.mode === mode && mode !== 'write')).toBe(true);
            }
            inside.push(...mine);
            await new Promise<void>((resolve) => world.clock.setTimer(resolve, 5));
            for (const each of mine) inside.splice(inside.indexOf(each), 1);
          },
          { onBusy: 'retry', retry: { maxWaitMs: 600_000, delayMs: 5, maxDelayMs: 50 } },
        ),
      );
      let ended = 0;
      for (const each of runs) void each.then(({ status }) => (ended += status === 'ran' ? 1 : 0));
      for (let ms = 0; ms < 30_000 && ended < runs.length; ms += 100) await world.clock.advance(100);
      expect(ended).toBe(runs.length);
    }),
    { numRuns: 60 },
  );
}, 120_000);
