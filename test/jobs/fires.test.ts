import { afterEach, expect, jest, test } from '@jest/globals';
import { factOf } from '../../src/dashboard/facts.ts';
import { createJobTally } from '../../src/dashboard/tally.ts';
import { createLocker, type LockerEvents, type ResourceLocker } from '../../src/index.ts';
import { schedule } from '../../src/jobs/cron.ts';
import { runFire } from '../../src/jobs/fires.ts';
import { createJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fleet } from './cron-stage.ts';

afterEach(() => {
  jest.useRealTimers();
});

function firesOf(locker: ResourceLocker): LockerEvents['fire'][] {
  const fires: LockerEvents['fire'][] = [];
  locker.on('fire', (event) => void fires.push(event));
  return fires;
}

test("two instances with 'both' for an hour of fires: no skip, no fire among the tables, one job", async () => {
  jest.useFakeTimers({ now: Date.UTC(2026, 10, 28, 2), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const backend = memoryStore();
  const journal = createJournal();
  const lockers = [createLocker({ store: backend.connect() }), createLocker({ store: backend.connect() })];
  const heard: string[] = [];
  const tasks = lockers.map((locker) => {
    journal.observe(locker);
    for (const event of ['skipped', 'busy', 'starving'] as const) locker.on(event, () => void heard.push(event));
    const work = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5_000));
    return schedule('* * * * *', work, { locker, scope: 'events', name: 'etl', guarantee: 'both' });
  });
  for (let minute = 0; minute < 60; minute++) await jest.advanceTimersByTimeAsync(60_000);
  await jest.advanceTimersByTimeAsync(30_000);
  const counts = tasks.map((task) => task.fires());
  await Promise.all(tasks.map((task) => task.destroy()));
  const sum = (of: keyof (typeof counts)[number]): number => counts.reduce((all, each) => all + each[of], 0);
  expect({ ran: sum('ran'), elsewhere: sum('elsewhere'), skipped: sum('skipped') }).toEqual({ ran: 60, elsewhere: 60, skipped: 0 });
  const entries = await journal.entries();
  expect(heard).toEqual([]);
  expect(entries.filter(({ kind }) => kind === 'skip' || kind === 'wait')).toEqual([]);
  expect(new Set(entries.map(({ resource }) => resource))).toEqual(new Set(['events', undefined]));
  expect(entries.filter((entry) => entry.kind === 'fire' && entry.outcome === 'elsewhere')).toHaveLength(60);
  const tally = createJobTally(10);
  for (const fact of entries.map(factOf)) if (fact !== undefined) tally.add(fact);
  expect(tally.jobs()).toMatchObject([{ job: 'etl', isNamed: true, runs: 60, skips: 0 }]);
});

test('a fire that its work runs under begins, ends, and is a run of its job', async () => {
  const { here, there } = fleet();
  const journal = createJournal();
  for (const locker of [here, there]) journal.observe(locker);
  const [mine, theirs] = [firesOf(here), firesOf(there)];
  const slot = new Date('2026-11-28T02:00:00.000Z');
  const fire = { key: `mail:${slot.toISOString()}`, name: 'mail', slot, job: 'nightly mail' };
  const during = await runFire(here, fire, 60_000, {}, async () => {
    expect(here.current()?.job).toBe('nightly mail');
    return journal.entries({ kind: 'fire' });
  });
  await runFire(there, fire, 60_000, {}, () => {});
  await expect(runFire(here, { ...fire, key: 'mail:2' }, 60_000, {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(during).toMatchObject({ value: [{ kind: 'fire', name: 'mail', slot, outcome: 'ran', to: undefined }] });
  expect(mine.map(({ outcome }) => outcome)).toEqual(['began', 'ended', 'began', 'ended']);
  expect(theirs).toMatchObject([{ name: 'mail', slot, job: 'nightly mail', outcome: 'elsewhere', holders: [{ job: 'nightly mail' }] }]);
  const [ran] = await journal.entries({ job: 'nightly mail', outcome: 'ran', limit: 1 });
  expect(ran).toMatchObject({ kind: 'fire', resource: undefined, to: expect.any(Date) });
});
