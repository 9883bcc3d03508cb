/** What a process says of others is what it knows now, not what it knew before it was there itself. */
import { expect, test } from '@jest/globals';
import type { ResourceBusyError } from '../../../src/index.ts';
import { stage } from './stage.ts';

// Seed 21417 of the random worlds.
test('whoever is refused after an entry was lost is not told of one that held the resource before it', () =>
  stage('postgres', async ({ world, p1, p2, settle, pass, wire }) => {
    const before = await settle(p2.lock('t', { job: 'before' }));
    const taking = p1.lock('t', { job: 'then', retry: { maxWaitMs: 5_000 } });
    await pass(50);
    await settle(before.unlock());
    const lock = await settle(taking);
    const waiting = p1.lock('t', { job: 'waits', retry: { maxWaitMs: 15_000 } });
    await pass(100);
    world.backend.forget('giveway:t');
    const told: (string | undefined)[] = [];
    p1.on('busy', ({ holders }) => told.push(...holders.map(({ job }) => job)));
    p1.on('lost', () => void p1.tryLock('t', { job: 'comes' }));
    wire((_, { what }) => (what === 'create' ? { backMs: 20 } : undefined));
    await pass(20_000);
    expect(told).not.toContain('before');
    await settle(Promise.all([waiting.then((next) => next.unlock()), lock.unlock()]));
  }));

// Seeds 51436, 52468 and 53782 of the random worlds.
test("onStoreDown 'run' does not run beside one whom this process let in itself", () =>
  stage('memcached', async ({ member, p1, p2, p3, settle, pass, wire }) => {
    // One key in ten lives a second less there: another's takes that turn of the dice, so that the mark ends before its key.
    await settle((await settle(p2.lock('other'))).unlock());
    const lock = await settle(p2.lock('t', { minHoldMs: 500 }));
    void p3.lock('t', { job: 'slow', retry: { maxWaitMs: 20_000 } });
    await pass(50);
    member('p3').process.stall(15_000);
    await settle(lock.unlock());
    const waiting = p1.lock('t', { onStoreDown: 'run', retry: { maxWaitMs: 4_000, maxDelayMs: 50 } }).then(
      ({ isProtected }) => (isProtected ? 'held' : 'unprotected'),
      (error: { readonly code: string }) => error.code,
    );
    let isIn = false;
    wire((name, { what }) => {
      if (name !== 'p1') return undefined;
      if (isIn) return { what: 'refused' };
      isIn = what === 'replace';
      return undefined;
    });
    expect(await settle(waiting)).toBe('ERR_GIVEWAY_BUSY');
    expect(isIn).toBe(true);
  }));

// Seed 53504 of the random worlds.
test('whoever does not wait is told at once that it is busy, also while a place in line is asked for', () =>
  stage('memcached', async ({ p1, p2, settle, pass, wire }) => {
    const lock = await settle(p2.lock('t'));
    wire((_, { what }) => (what === 'append' ? { backMs: 20 } : undefined));
    const giveUp = new AbortController();
    const told = expect(p1.lock('t', { signal: giveUp.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await pass(10);
    giveUp.abort();
    await settle(told);
    expect(await settle(p1.tryLock('t', { retry: { delayMs: 10_000, maxDelayMs: 20_000 } }), 100)).toBeUndefined();
    await settle(lock.unlock());
  }));

// Seed 105611 of the random worlds.
test("onStoreDown 'run' does not run beside one who was seen by a look that was for something else", () =>
  stage('postgres', async ({ p1, p2, handOver, settle, wire }) => {
    const other = await settle(p2.lock({ appends: 't' }, { ttlMs: 30_000 }));
    const handed = await handOver(await settle(p2.lock({ appends: 't' }, { ttlMs: 30_000 })));
    wire((name, { what }) => (name === 'p1' && what !== 'read' ? { what: 'refused' } : undefined));
    await expect(settle(p1.restore(handed))).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_UNAVAILABLE' });
    wire((name) => (name === 'p1' ? { what: 'refused' } : undefined));
    expect(await settle(p1.tryLock('t', { onStoreDown: 'run' }))).toBeUndefined();
    await settle(other.unlock());
  }));

// Seed 103626 of the random worlds.
test.each(['memcached', 'postgres'] as const)('%s: whoever has waited in vain is told who holds it now, not who did when it came', (kind) =>
  stage(kind, async ({ p1, p2, p3, settle, pass }) => {
    const first = await settle(p2.lock('t', { job: 'first' }));
    const second = p3.lock('t', { job: 'second', retry: { maxWaitMs: 10_000 } });
    await pass(10);
    const told = p1.lock('t', { retry: { maxWaitMs: 5_000 } }).catch((error: ResourceBusyError) => error.holders.map(({ job }) => job));
    await pass(1_000);
    await settle(first.unlock());
    const lock = await settle(second);
    expect(await settle(told)).toEqual(['second']);
    await settle(lock.unlock());
  }),
);

// Seed 232915 of the random worlds.
test("onStoreDown 'run' runs when the last look showed that whoever was met has gone", () =>
  stage('momento', async ({ p1, p2, p3, settle, pass, wire }) => {
    const before = await settle(p2.lock('t'));
    const waiting = p1.lock({ appends: 't' }, { onStoreDown: 'run', retry: { maxWaitMs: 10_000 } });
    await pass(20);
    await settle(before.unlock());
    const sharer = await settle(p3.lock({ appends: 't' }));
    wire((name, { what }) => (name === 'p1' && what === 'replace' ? { what: 'refused' } : undefined));
    expect((await settle(waiting)).isProtected).toBe(false);
    await settle(sharer.unlock());
  }));

// Seeds 610444 and 615487 of the random worlds.
test("onStoreDown 'run' does not run beside one of whom the store called while a look was lost", () =>
  stage(
    'redis',
    async ({ p1, p2, p3, settle, pass, wire }) => {
      const lock = await settle(p3.lock('t', { maxHoldMs: 500 }));
      const next = p2.lock('t', { maxHoldMs: 60_000, retry: { maxWaitMs: 4_000 } });
      await pass(20);
      const waiting = p1.lock('t', { onStoreDown: 'run', retry: { maxWaitMs: 4_000, delayMs: 50, maxDelayMs: 50 } }).then(
        ({ isProtected }) => (isProtected ? 'held' : 'unprotected'),
        (error: { readonly code: string }) => error.code,
      );
      await pass(20);
      wire((name) => (name === 'p1' ? { what: 'never' } : undefined));
      await pass(400);
      await settle(lock.unlock());
      await settle(next);
      expect(await settle(waiting)).toBe('ERR_GIVEWAY_BUSY');
    },
    { callsWithEntry: true },
  ));

// Seed 911137 of the random worlds.
test('what this process has written is taken for what stands there until a write is refused', () =>
  stage('memcached', async ({ p1, p2, member, settle, pass }) => {
    const lock = await settle(p1.lock('t'));
    const next = p2.lock({ appends: 't' }, { retry: { maxWaitMs: 20_000, maxDelayMs: 100 } });
    await pass(8_000);
    await settle(lock.unlock());
    await settle((await settle(next)).unlock());
    const requests = member('p1').connection.requests;
    // As p1 knows it, p2 is there, and usually takes seconds.
    await settle((await settle(p1.lock({ appends: 't' }))).unlock());
    expect(member('p1').connection.requests - requests).toBeLessThanOrEqual(5);
  }));
