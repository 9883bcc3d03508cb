import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  diagnosticsObserver,
  holdTimes,
  logObserver,
  metricsObserver,
  type Observed,
  postgresJournal,
  spanObserver,
} from '../../src/observe/index.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { twoLockers } from './fleet.ts';

const fails = (): never => {
  throw new Error('observer');
};

const broken: Readonly<Record<string, (locker: Observed) => Disposable>> = {
  'a logger that throws': (locker) => logObserver(locker, { debug: fails, info: fails, warn: fails, error: fails }),
  'a logger that rejects later': (locker) => {
    const rejects = (() => new Promise((_, reject) => setImmediate(reject, new Error('observer')))) as () => void;
    return logObserver(locker, { debug: rejects, info: rejects, warn: rejects, error: rejects });
  },
  'a logger that blocks for 20 ms': (locker) => {
    const blocks = (): void => {
      for (const endMs = performance.now() + 20; performance.now() < endMs; );
    };
    return logObserver(locker, { debug: blocks, info: blocks, warn: blocks, error: blocks });
  },
  'instruments that throw': (locker) => {
    return metricsObserver(locker, {
      meter: {
        createObservableCounter: () => ({ addCallback: () => {} }),
        createObservableUpDownCounter: () => ({ addCallback: () => {} }),
        createHistogram: () => ({ record: fails }),
      },
    });
  },
  'a tracer that throws': (locker) => spanObserver(locker, { tracer: { startSpan: fails } }),
  'a journal whose database fails': (locker) =>
    postgresJournal({ pool: { query: async () => fails() }, flushMs: 1, onError: fails }).observe(locker),
  'a journal whose database hangs': (locker) =>
    postgresJournal({ pool: { query: () => new Promise<never>(() => {}) }, flushMs: 1 }).observe(locker),
};

describe('a broken observer changes nothing', () => {
  test.each(Object.keys(broken))('%s', async (name) => {
    const [a, b] = twoLockers({ job: 'a' }, { job: 'b' });
    const observers = [a, b].map((locker) => (broken[name] as (locker: Observed) => Disposable)(locker));
    const lock = await a.lock('visits');
    expect(await b.run('visits', () => 1)).toMatchObject({ status: 'skipped', reason: 'busy', resource: 'visits' });
    const waits = new Promise<void>((resolve) => b.on('waiting', () => resolve()));
    const waited = b.run('visits', () => 2, { onBusy: 'retry' });
    await waits;
    expect(await lock.unlock()).toBe(true);
    expect(await waited).toMatchObject({ status: 'ran', value: 2, lost: undefined, release: 'released' });
    for (const observer of observers) observer[Symbol.dispose]();
    expect(await a.inspect('visits')).toEqual([]);
  });

  test('a warning that throws in the timer', async () => {
    const clock = fakeClock();
    const [a] = twoLockers({ clock, ttlMs: 60_000, maxHoldMs: 10_000 });
    using _times = holdTimes(a, { onLong: fails, logger: { warn: fails }, clock });
    const lock = await a.lock('visits');
    await clock.advance(9_500);
    expect(await lock.unlock()).toBe(true);
  });

  test('a warning that fails silences no other, and one that rejects is no unhandled rejection', async () => {
    const clock = fakeClock();
    const [a] = twoLockers({ clock, ttlMs: 60_000, maxHoldMs: 10_000 });
    const lines: string[] = [];
    const rejects = async (): Promise<never> => fails();
    using _one = holdTimes(a, { onLong: fails, logger: { warn: (_fields, line) => void lines.push(line) }, clock });
    using _other = holdTimes(a, { onLong: rejects, logger: { warn: rejects }, clock });
    await a.lock('visits');
    await clock.advance(9_500);
    await nextTurn(); // jest fails a test for a rejection that nobody handled
    expect(lines).toHaveLength(1);
  });

  test('a tracer that throws when its observer is disposed of while locks are held', async () => {
    const [a] = twoLockers();
    const observer = spanObserver(a, { tracer: { startSpan: fails } });
    await a.lock('visits');
    expect(() => observer[Symbol.dispose]()).not.toThrow();
  });
});

test('diagnosticsObserver publishes giveway:EVENT, without tokens, until disposed', async () => {
  const [a, b] = twoLockers({ job: 'rollup' });
  const heard: unknown[] = [];
  const hear = (message: unknown): void => void heard.push(message);
  subscribe('giveway:skipped', hear);
  try {
    const observer = diagnosticsObserver(b);
    const lock = await a.lock('visits');
    await b.run('visits', () => {});
    expect(heard).toMatchObject([{ reason: 'busy', resource: 'visits', holders: [{ job: 'rollup', state: 'holding' }] }]);
    expect(JSON.stringify(heard)).not.toContain(lock.token);
    observer[Symbol.dispose]();
    await b.run('visits', () => {});
    expect(heard).toHaveLength(1);
  } finally {
    unsubscribe('giveway:skipped', hear);
  }
});
