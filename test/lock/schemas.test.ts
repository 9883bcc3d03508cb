import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';

function pair(options: Partial<LockerOptions>): { clock: ReturnType<typeof fakeClock>; here: ResourceLocker; there: ResourceLocker } {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const locker = (): ResourceLocker => createLocker({ store: store.connect(), clock, ...options });
  return { clock, here: locker(), there: locker() };
}

describe('a listed schema', () => {
  test('covers the tables of the default schema, which are named without it', async () => {
    const { here, there } = pair({ resources: ['public.*', 'events'] });
    const backfill = await here.lock('public.*');
    expect(await there.tryLock('events')).toBeUndefined();
    await backfill.unlock();
    const lock = await there.lock('public.events');
    expect(await here.tryLock('public.*')).toBeUndefined();
    await lock.unlock();
    expect(await here.tryLock('public.*')).toBeDefined();
  });

  test('is left alone by the fires of schedules, and by names with a dot behind the slash', async () => {
    const { here, there } = pair({ resources: ['public.*', 'analytics.*'], allowUnlisted: true });
    await here.lock('public.*');
    expect(await there.tryLock('!fire/daily')).toBeDefined();
    await here.lock('analytics.*');
    expect(await there.tryLock('analytics.visits/acme.com')).toBeUndefined();
    expect(await there.tryLock('other.visits/acme.com')).toBeDefined();
  });

  test('whoever reads the whole and writes a part of it takes the whole alone', async () => {
    const { here, there } = pair({ resources: ['analytics.*', 'analytics.visits'] });
    await here.lock({ reads: 'analytics.*' });
    expect(await there.tryLock({ reads: ['analytics.*', 'analytics.visits'] })).toBeDefined();
    expect(await there.tryLock({ reads: 'analytics.*', writes: 'analytics.visits' })).toBeUndefined();
  });

  test.each(['s.a', 'a'])('an inner run waits for a later table of the schema that the run around it is in: %s', async (outer) => {
    const { clock, here, there } = pair({ resources: ['s.*', 'public.*'], allowUnlisted: true });
    const inner = outer === 'a' ? 'b' : 's.b';
    const lock = await there.lock(inner);
    const running = here.run(outer, () => here.run(inner, () => 'done', { onBusy: 'retry' }));
    await clock.advance(100);
    await lock.unlock();
    await clock.advance(2_000);
    await expect(running).resolves.toMatchObject({ value: { status: 'ran' } });
  });

  test('cannot be taken inside a run on one of its tables: it would wait for itself', async () => {
    const { here } = pair({ resources: ['s.*', 's.a'] });
    await expect(here.run('s.a', () => here.run('s.*', () => {}))).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UPGRADE' });
  });

  test('a table taken inside a run on another table of it is taken from the store', async () => {
    const { here, there } = pair({ resources: ['s.*'], allowUnlisted: true });
    await here.run('s.a', () =>
      here.run({ appends: 's.b' }, async () => {
        expect(await there.tryLock('s.b')).toBeUndefined();
      }),
    );
  });
});

test('a schema that nobody lists covers nothing, inside a run neither', async () => {
  const { here, there } = pair({});
  await here.run('s.*', () =>
    here.run('s.a', async () => {
      expect(await there.tryLock('s.a')).toBeUndefined();
    }),
  );
});
