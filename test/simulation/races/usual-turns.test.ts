/** Whoever is let in tells those in line how long turns take here, until it knows better: they would sleep past their own otherwise. */
import { expect, test } from '@jest/globals';
import { decodeRecord } from '../../../src/lock/record/record.ts';
import { stage } from './stage.ts';

// Sixty-four processes that began at once, 1 ms each: two turns a second, each after a sleep of a second.
test.each([
  ['renews its entry', 0, 600],
  ['looks so late that it writes its entry anew before it begins', 1_300, 0],
])('whoever %s says what others said of its turn', (_, lateMs, holdMs) =>
  stage('memcached', async ({ member, p1, p2, settle, pass, wire }) => {
    const told: (number | undefined)[] = [];
    const first = await settle(p1.lock('t'));
    const waiting = p2.lock('t', { ttlMs: 1_500 });
    await pass(20);
    member('p2').process.stall(lateMs);
    wire((name, request) => {
      const holder = request.what === 'replace' && name === 'p2' ? decodeRecord(request.value)?.holders[0] : undefined;
      if (holder !== undefined && holder.beat > 0) told.push(holder.guessMs);
      return undefined;
    });
    await settle(first.unlock());
    const lock = await settle(waiting);
    await pass(holdMs);
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual(told.map(() => expect.any(Number)));
    await settle(lock.unlock());
  }),
);
