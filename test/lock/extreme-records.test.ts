/** Records that others wrote may have any number that a date or a duration can be. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLocker } from '../../src/index.ts';
import { lookAgainMs } from '../../src/lock/machine/patience.ts';
import { latestDateMs } from '../../src/lock/record/dates.ts';
import { admit, depart, exchange } from '../../src/lock/record/decide.ts';
import { decodeRecord, type Entrant, encodeRecord, type LockRecord, type Waiting } from '../../src/lock/record/record.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { entrant, now, recordOf, waiting } from './entries.ts';

const dateMs = fc.constantFrom(now, now - 600_000, now + 600_000, -latestDateMs, latestDateMs, 0);
const durationMs = fc.constantFrom(0, 1, 30_000, latestDateMs / 2, latestDateMs);
const mode = fc.constantFrom('write', 'append', 'read');
const entrants: fc.Arbitrary<Entrant> = fc.record(
  {
    token: fc.constantFrom('a', 'b', 'c'),
    mode,
    host: fc.constant('h'),
    pid: fc.constant(1),
    since: dateMs,
    latestEnd: dateMs,
    ttlMs: durationMs,
    until: dateMs,
    beat: fc.nat(),
    usualMs: durationMs,
    guessMs: durationMs,
    line: fc.constant(true as const),
  },
  { requiredKeys: ['token', 'mode', 'host', 'pid', 'since', 'ttlMs', 'until', 'beat', 'line'] },
);
const waiters: fc.Arbitrary<Waiting> = fc.record(
  {
    token: fc.constantFrom('x', 'y', 'z'),
    mode,
    host: fc.constant('h'),
    pid: fc.constant(2),
    since: dateMs,
    ttlMs: durationMs,
    maxHoldMs: durationMs,
    maxWaitMs: durationMs,
    pauseMs: durationMs,
    usualMs: durationMs,
  },
  { requiredKeys: ['token', 'mode', 'host', 'pid', 'since', 'ttlMs', 'maxWaitMs', 'pauseMs'] },
);
const records: fc.Arbitrary<LockRecord> = fc
  .record({
    at: dateMs,
    holders: fc.uniqueArray(entrants, { selector: ({ token }) => token, minLength: 1 }),
    line: fc.uniqueArray(waiters, { selector: ({ token }) => token }),
  })
  .map((parts) => ({ v: 1, ...parts }));

test('what follows from a record that can be read can be read', () => {
  fc.assert(
    fc.property(records, (record) => {
      expect(decodeRecord(encodeRecord(record))).toEqual(record);
      const me = entrant('me', 'read');
      const [first] = record.holders as readonly [Entrant];
      const next = [
        admit(record, me, now),
        admit(record, { ...first, until: now + 30_000 }, now),
        depart(record, first, now),
        exchange(record, ['a'], [me], now),
      ];
      for (const each of next) {
        if (!('record' in each)) continue;
        expect(decodeRecord(encodeRecord(each.record))).toBeDefined();
        expect(each.ttlMs).toBeGreaterThan(0);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('whoever waits looks again within its bounds, whatever was told', () => {
  const retry = { maxWaitMs: 10_000, delayMs: 50, maxDelayMs: 1_000, maxAttempts: Number.POSITIVE_INFINITY };
  fc.assert(
    fc.property(records, fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true }), durationMs, (record, looks, luck, paceMs) => {
      const seen = { record, blockers: record.holders, ahead: record.line, paceMs, watchedMs: 5, waitedMs: 9, looks, isCalled: false };
      const pauseMs = lookAgainMs(seen, retry, now, luck);
      expect(pauseMs).toBeGreaterThan(0);
      expect(pauseMs).toBeLessThanOrEqual(retry.maxDelayMs);
    }),
    { numRuns: 3_000 },
  );
});

describe.each([-1, -0.5, 8.65e15, 1.7e308])('a duration of %p makes a record unreadable', (ms) => {
  test.each(['ttlMs', 'usualMs', 'guessMs'])('%s of a holder', (field) => {
    expect(decodeRecord(encodeRecord(recordOf([{ ...entrant('one', 'write'), [field]: ms }])))).toBeUndefined();
  });

  test.each(['ttlMs', 'usualMs', 'maxWaitMs', 'maxHoldMs', 'pauseMs'])('%s of one who waits', (field) => {
    const line = [{ ...waiting('first', 'write'), [field]: ms }];
    expect(decodeRecord(encodeRecord(recordOf([entrant('one', 'write')], line)))).toBeUndefined();
  });
});

test('a wait beside a holder whose end no clock of ours can show goes on, and ends by its limit', async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const at = clock.wallMs() - 600_000;
  const holder = { ...entrant('one', 'write'), since: at, until: at + 30_000, ttlMs: 30_000, latestEnd: latestDateMs };
  await store.create('giveway:events', encodeRecord({ v: 1, at, holders: [holder], line: [] }), 60_000);
  await using locker = createLocker({ store, clock });
  const waiting = locker.lock('events', { retry: { maxWaitMs: 500 } }).catch((error: unknown) => error);
  await clock.advance(600);
  expect(await waiting).toMatchObject({ code: 'ERR_GIVEWAY_BUSY' });
});

test('a clock that is set back makes a shortest hold no longer', async () => {
  const real = fakeClock();
  let aheadMs = 3_600_000;
  const clock = {
    monotonicMs: () => real.monotonicMs(),
    wallMs: () => real.wallMs() + aheadMs,
    setTimer: real.setTimer.bind(real),
  };
  const store = memoryStore({ clock: real });
  const [here, there] = [createLocker({ store, clock }), createLocker({ store: store.connect(), clock: real, host: 'other' })];
  const first = await here.lock({ reads: 'events' }, { minHoldMs: 2_000 });
  const second = await here.lock({ reads: 'events' });
  await first.unlock();
  aheadMs = 0;
  await real.advance(1_000);
  await second.unlock();
  await expect(there.tryLock('events')).resolves.toBeUndefined();
  await real.advance(4_100);
  await expect(there.tryLock('events')).resolves.toBeDefined();
  await Promise.all([here.close(), there.close()]);
});
