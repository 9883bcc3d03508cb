import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { createLocker, type EventName, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';

/** Every event that was told, by name, with the job it names. */
function toldBy(locker: ResourceLocker): [EventName, string | undefined][] {
  const told: [EventName, string | undefined][] = [];
  for (const event of ['acquired', 'busy', 'skipped', 'released', 'extended', 'lost', 'starving'] as const)
    locker.on(event, ({ job }: { readonly job: string | undefined }) => void told.push([event, job]));
  return told;
}

test('work that joins an outer run is no acquisition and no hold of its own', async () => {
  const locker = createLocker({ store: memoryStore() });
  const told = toldBy(locker);
  const outcome = await locker.run('events', async () => locker.run('events', (inner) => inner.extend(), { job: 'inner' }), {
    job: 'rollup',
  });
  expect(outcome).toMatchObject({ value: { status: 'ran', release: 'kept' } });
  expect(told).toEqual([
    ['acquired', 'rollup'],
    ['extended', 'rollup'],
    ['released', 'rollup'],
  ]);
});

test('it is told to be lost once, by the run that held it', async () => {
  const clock = fakeClock();
  const locker = createLocker({ store: memoryStore({ clock }), clock });
  const told = toldBy(locker);
  await locker.run('events', () => locker.run('events', () => clock.advance(5_000)), { job: 'rollup', maxHoldMs: 2_000 });
  expect(told.filter(([event]) => event === 'lost')).toEqual([['lost', 'rollup']]);
});

test('what is taken or refused inside a run carries its name, unless the call has one of its own', async () => {
  const backend = memoryStore();
  const locker = createLocker({ store: backend.connect(), job: 'service' });
  const other = createLocker({ store: backend.connect() });
  await other.lock('busy');
  const told = toldBy(locker);
  await locker.run(
    'events',
    async () => {
      await locker.run('visits', async () => expect((await other.inspect('visits'))[0]?.job).toBe('rollup'));
      await locker.run('busy', () => {});
      await locker.run('sales', () => {}, { job: 'own' });
    },
    { job: 'rollup' },
  );
  await locker.run('events', () => {});
  expect(told.filter(([event]) => event === 'acquired' || event === 'skipped')).toEqual([
    ['acquired', 'rollup'],
    ['acquired', 'rollup'],
    ['skipped', 'rollup'],
    ['acquired', 'own'],
    ['acquired', 'service'],
  ]);
});

test('one look of a wait that somebody else keeps: refused, it is no skip and no hunger; taken, it has waited so long', async () => {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const locker = createLocker({ store: backend.connect(), clock, starveAfter: { skips: 1 } });
  const held = await createLocker({ store: backend.connect(), clock }).lock('events');
  const told = toldBy(locker);
  const look = (waitedMs: number) => locker.run('events', () => {}, { job: 'load' }, undefined, { waitedMs });
  expect(await look(0)).toMatchObject({ status: 'skipped', reason: 'busy', waitedMs: 0 });
  expect(await look(700)).toMatchObject({ status: 'skipped', waitedMs: 700 });
  await held.unlock();
  expect(await look(900)).toMatchObject({ status: 'ran', waitedMs: 900 });
  expect(told.map(([event]) => event)).toEqual(['busy', 'busy', 'acquired', 'released']);
});

test('however many join a run, its signal has one listener, and none once they have ended', async () => {
  await using locker = createLocker({ store: memoryStore() });
  await locker.run('events', async (outer) => {
    const listeners = (): number => getEventListeners(outer.signal, 'abort').length;
    const seen = Array.from({ length: 20 }, () => locker.run('events', (inner) => [inner.signal.aborted, listeners()]));
    expect((await Promise.all(seen)).map((outcome) => outcome.status === 'ran' && outcome.value)).toEqual(
      Array.from({ length: 20 }, () => [false, 1]),
    );
    expect(listeners()).toBe(0);
  });
});

test('the signal of work that joined a run which is lost already has aborted when it is first asked for', async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const locker = createLocker({ store: store.connect(), clock });
  await locker.run('events', async (outer) => {
    await locker.run('events', async (inner) => {
      expect(outer.signal.aborted).toBe(false);
      const entry = await store.read('giveway:events');
      if (entry !== undefined) await store.remove('giveway:events', entry.version);
      await clock.advance(30_000);
      // Not by the signal's own `aborted`, which judges: what was made to listen may never ask for it.
      expect(Reflect.get(AbortSignal.prototype, 'aborted', inner.signal)).toBe(true);
    });
  });
  await locker.close();
});
