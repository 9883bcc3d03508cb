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

// Of sixty-four processes that began at once one got no processor for 38 ms, and all in line slept by that: its turn was said of each of them.
test('one long turn among the first is not said of those that follow', () =>
  stage('memcached', async ({ p1, p2, p3, settle, pass, wire }) => {
    const said = new Map<string, number | undefined>();
    const first = await settle(p1.lock('t'));
    const second = p2.lock('t');
    await pass(4);
    const third = p3.lock('t');
    await pass(1);
    wire((_, request) => {
      const holder = request.what === 'replace' ? decodeRecord(request.value)?.holders[0] : undefined;
      if (holder?.beat === 0) said.set(holder.token, holder.guessMs);
      return undefined;
    });
    await settle(first.unlock());
    const long = await settle(second);
    await pass(80);
    await settle(long.unlock());
    await settle((await settle(third)).unlock());
    const [short = Number.NaN, next = Number.NaN] = said.values();
    expect(short).toBeLessThan(10);
    expect(next).toBeGreaterThan(short);
    expect(next).toBeLessThan((short + 90) / 2);
  }));
