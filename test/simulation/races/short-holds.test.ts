/** A shortest hold that was promised at a release is kept, whatever becomes of the entry it stands on. */
import { expect, test } from '@jest/globals';
import { stage } from './stage.ts';

// Seeds 22731, 40160, 41704 and 43162 of the random worlds.
test.each(['lost before', 'lost after'] as const)(
  'a shortest hold lasts, though the release of the last sharer was %s it was done',
  (what) =>
    stage('memcached', async ({ p1, settle, pass, wire }) => {
      const short = await settle(p1.lock({ appends: 't' }, { ttlMs: 3_000, minHoldMs: 2_000 }));
      const last = await settle(p1.lock({ appends: 't' }, { ttlMs: 3_000 }));
      await settle(short.unlock());
      wire(() => ({ what }));
      await expect(settle(last.unlock())).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_UNAVAILABLE' });
      wire(() => undefined);
      expect(await settle(p1.tryLock('t'))).toBeUndefined();
      const next = await settle(p1.lock('t', { retry: { maxWaitMs: 6_000 } }));
      expect(next.acquiredAt.getTime() - short.acquiredAt.getTime()).toBeGreaterThanOrEqual(1_999);
      await pass(10);
    }),
);

// Seed 24459 of the random worlds.
test('a shortest hold lasts, though the sharer that stays is not renewed and ends sooner', () =>
  stage('postgres', async ({ p1, p2, settle, pass }) => {
    const stays = await settle(p1.lock({ appends: 't' }, { ttlMs: 1_000, heartbeat: false }));
    const short = await settle(p1.lock({ appends: 't' }, { ttlMs: 2_000, minHoldMs: 1_900 }));
    await settle(short.unlock());
    await pass(1_100);
    expect(stays.signal.aborted).toBe(true);
    const [here, there] = await settle(
      Promise.all([p1.lock('t', { retry: { maxWaitMs: 5_000 } }).then((lock) => lock.unlock().then(() => lock)), p2.tryLock('t')]),
    );
    expect(there).toBeUndefined();
    expect(here.acquiredAt.getTime() - short.acquiredAt.getTime()).toBeGreaterThanOrEqual(1_899);
  }));

test('a shortest hold is no reason to ask a store that does not answer without a pause', () =>
  stage('postgres', async ({ member, p1, settle, pass, wire }) => {
    await settle(p1.lock({ appends: 't' }, { ttlMs: 1_000, heartbeat: false }));
    const short = await settle(p1.lock({ appends: 't' }, { ttlMs: 2_000, minHoldMs: 1_900 }));
    wire(() => ({ what: 'refused' }));
    const { requests } = member('p1').connection;
    await settle(short.unlock());
    await pass(900);
    expect(member('p1').connection.requests - requests).toBeLessThan(15);
  }));

// Seed 69253 of the random worlds.
test('a shortest hold lasts, though the place in line that became its entry was doubted for a while', () =>
  stage('postgres', async ({ p1, p2, settle, pass, wire }) => {
    const other = await settle(p2.lock('t'));
    let lost = 0;
    wire((name, { what }) => (name === 'p1' && what === 'append' && lost++ === 0 ? { what: 'lost after' } : undefined));
    const taking = p1.lock('t', { ttlMs: 5_000, minHoldMs: 1_000, retry: { maxWaitMs: 5_000 } });
    await pass(10);
    await settle(other.unlock());
    const short = await settle(taking);
    expect(short.isProtected).toBe(true);
    await settle(short.unlock());
    expect(await settle(p1.tryLock({ appends: 't' }))).toBeUndefined();
  }));

// Seeds 297560 and 305507 of the random worlds.
test('a shortest hold of a lock that was handed over counts from its first entry, whichever comes last', () =>
  stage('postgres', async ({ p1, p2, p3, handOver, settle, pass, wire }) => {
    const other = await settle(p3.lock('b'));
    const taking = p1.lock(['a', 'b']);
    await pass(50);
    await settle(other.unlock());
    const first = await settle(taking);
    const handed = await handOver(first);
    wire((name, { key }) => (name === 'p2' && key === 'giveway:a' ? { backMs: 50 } : undefined));
    const restored = await settle(p2.restore(handed));
    expect(restored.acquiredAt).toEqual(first.acquiredAt);
  }));
