/** What a process says of others is what it knows now, not what it knew before it was there itself. */
import { expect, test } from '@jest/globals';
import { stage } from './stage.ts';

// Seed 21417 of the random worlds.
test('whoever is refused after an entry was lost is not told of one that held the resource before it', () =>
  stage('postgres', async ({ world, p1, p2, settle, pass, wire }) => {
    const before = await settle(p2.lock('t', { job: 'before' }));
    const taking = p1.lock('t', { job: 'then', retry: { maxWaitMs: 5_000 } });
    await pass(50);
    await settle(before.unlock());
    const lock = await settle(taking);
    const waiting = p1.lock('t', { job: 'waits', retry: { maxWaitMs: 5_000 } });
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
