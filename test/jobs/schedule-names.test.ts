import { expect, test } from '@jest/globals';
import { type ScheduledTask, schedule as scheduleTask } from 'node-cron';
import type { LockerEvents, ResourceLocker } from '../../src/index.ts';
import { type Guarantee, runCoordinator, type ScheduleOptions, schedule } from '../../src/jobs/cron.ts';
import { type OncePerFireOptions, oncePerFire } from '../../src/jobs/index.ts';
import { everySecond, fleet, kept, never, once, silent } from './cron-stage.ts';

const taken = expect.objectContaining({ code: 'ERR_GIVEWAY_INVALID_OPTION', path: 'name' });

function noticesOf(...lockers: readonly ResourceLocker[]): LockerEvents['notice'][] {
  const notices: LockerEvents['notice'][] = [];
  for (const locker of lockers) locker.on('notice', (notice) => void notices.push(notice));
  return notices;
}

test('two schedules of one name in one process are refused, as both would take the same fires', () => {
  const { here, there } = fleet();
  const both = { locker: here, name: 'etl', scope: 'events', guarantee: 'both' } as const;
  const task = kept(schedule(never, () => {}, both));
  for (const other of [both, { locker: here, name: 'ETL', guarantee: 'once-per-fire' } as const])
    expect(() => schedule(everySecond, () => {}, other)).toThrow(taken);
  // Not on another process's locker, and not where the name is only a name.
  kept(schedule(never, () => {}, { ...both, locker: there }));
  for (const _ of ['a', 'b']) kept(schedule(never, () => {}, { locker: here, name: 'etl', scope: 'events' }));
  task.stop();
  expect(() => schedule(never, () => {}, both)).toThrow(taken);
  task.destroy();
  kept(schedule(never, () => {}, both));
});

test('what could not be scheduled has not taken its name', () => {
  const { here } = fleet();
  const options = { locker: here, name: 'etl', guarantee: 'once-per-fire' } as const;
  expect(() => schedule('* * 32 * *', () => {}, options)).toThrow();
  expect(() => schedule(never, () => {}, { ...options, slotHoldMs: 1 })).toThrow(expect.objectContaining({ path: 'slotHoldMs' }));
  kept(schedule(never, () => {}, options));
});

interface Instance {
  readonly expression?: string;
  readonly timezone?: string;
  readonly guarantee?: Guarantee;
  readonly scope?: ScheduleOptions['scope'] | undefined;
}

/** The first instance fires, then the second, each by hand; what was told. */
async function afterBothFired(first: Instance, second: Instance): Promise<LockerEvents['notice'][]> {
  const { here, there } = fleet();
  const notices = noticesOf(here, there);
  for (const [locker, { expression = '0 0 * * *', ...options }] of [
    [here, first],
    [there, second],
  ] as const) {
    const task = kept(
      schedule(expression, () => {}, { locker, name: 'etl', scope: 'events', guarantee: 'both', ...options } as ScheduleOptions),
    );
    for (const _ of ['once', 'again']) expect(await task.execute()).toMatchObject({ status: 'ran' });
    expect(locker.held()).toEqual([]);
  }
  return notices;
}

const long = Array.from({ length: 20 }, (_, index) => `table_${index}`);

test.each<[string, Instance, Instance, RegExp]>([
  [
    'expression',
    {},
    { expression: '0 1 * * *' },
    /here "0 1 \* \* \*" in .*, writes events; on \S+ \(pid \d+, since .*\) "0 0 \* \* \*" in/,
  ],
  ['scope', {}, { scope: { writes: 'visits', reads: 'events' } }, /here .*, writes visits, reads events; on .*, writes events\./],
  ['end of a long scope', { scope: long }, { scope: [...long, 'z'] }, /writes table_0 /],
  ['guarantee', {}, { guarantee: 'once-per-fire', scope: undefined }, /here .*, locks no table; on /],
  ['time zone', { timezone: 'Asia/Tokyo' }, { timezone: 'Europe/Paris' }, /in Europe\/Paris.* in Asia\/Tokyo/],
])('a notice tells of two schedules of one name in a fleet that differ in their %s', async (_, first, second, said) => {
  expect(await afterBothFired(first, second)).toEqual([
    { code: 'ERR_GIVEWAY_SCHEDULE_NAME', message: expect.stringMatching(said), resource: '!fire/etl' },
  ]);
});

test.each<[string, Instance, Instance]>([
  ['all is the same', {}, {}],
  ['the expression is spelled otherwise', { expression: '@daily' }, { expression: ' 0  0 * * *' }],
  ['the scope is spelled otherwise', { scope: ['b', 'a'] }, { scope: { writes: ['A', 'b'] } }],
  ['the scope is made of the fire', { scope: () => 'events' }, { scope: () => 'visits' }],
  ['UTC has its other name', { timezone: 'UTC' }, { timezone: 'Etc/UTC' }],
])('and is silent where %s', async (_, first, second) => {
  expect(await afterBothFired(first, second)).toEqual([]);
});

test('of two instances that fire together one at least is told', async () => {
  const { here, there } = fleet();
  const notices = noticesOf(here, there);
  const tasks = [
    kept(schedule(everySecond, () => {}, { locker: here, name: 'etl', guarantee: 'once-per-fire' })),
    kept(schedule('*/1 * * * * *', () => {}, { locker: there, name: 'etl', guarantee: 'both', scope: 'events' })),
  ];
  await Promise.all(tasks.map((task) => once(task, 'execution:finished')));
  expect(notices.map(({ code }) => code)).toContain('ERR_GIVEWAY_SCHEDULE_NAME');
});

test('names of others are shown as names: short, and on one line', async () => {
  const { here, there } = fleet();
  const notices = noticesOf(there);
  const evil = `schedule ${'0'.repeat(12)}: evil\u001b[2J\n\u202e`;
  await (await here.lock({ appends: '!fire/etl' }, { job: evil, minHoldMs: 5_000 })).unlock();
  const task = kept(schedule(never, () => {}, { locker: there, name: 'etl', guarantee: 'once-per-fire' }));
  await task.execute();
  expect(notices).toHaveLength(1);
  expect(notices[0]?.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('a store that fails while instances are compared fails no fire', async () => {
  const { here, store } = fleet();
  const task = kept(schedule(never, () => 'ran', { locker: here, name: 'etl', guarantee: 'once-per-fire', logger: silent }));
  store.arm('read', 'reject-before', { times: Number.POSITIVE_INFINITY });
  expect(await task.execute()).toMatchObject({ status: 'ran', release: 'released' });
});

test("of node-cron's own distributed tasks: two of one name in one process are told by a notice", async () => {
  const { here } = fleet();
  const notices = noticesOf(here);
  const options = { name: 'etl', distributed: true, runCoordinator: runCoordinator(here) };
  const tasks = ['a', 'b'].map((): ScheduledTask => kept(scheduleTask(everySecond, () => {}, options)));
  await Promise.race(tasks.map((task) => once(task, 'execution:skipped')));
  expect(notices).toEqual([{ code: 'ERR_GIVEWAY_SCHEDULE_NAME', message: expect.stringContaining('"etl"'), resource: '!fire/etl' }]);
});

test.each(['etl', 'Etl ', ' ETL'])('names that are read as one are one (%p)', (name) => {
  const { here } = fleet();
  kept(schedule(never, () => {}, { locker: here, name: name.trimEnd(), guarantee: 'once-per-fire' }));
  const other = { locker: here, name: 'eTL', guarantee: 'once-per-fire' } as const;
  expect(() => schedule(never, () => {}, other)).toThrow(taken);
});

test('beside a schedule, oncePerFire of its name is refused; where that came first, a notice tells of it, once', async () => {
  const { here } = fleet();
  const notices = noticesOf(here);
  const refresh = oncePerFire(here, { name: 'ETL', at: Date.UTC(2026, 10, 29) }, () => {});
  await refresh();
  expect(notices).toEqual([]);
  kept(schedule(never, () => {}, { locker: here, name: 'etl', guarantee: 'once-per-fire' }));
  expect(() => oncePerFire(here, { name: 'etl', every: 60_000 }, () => {})).toThrow(taken);
  for (const _ of ['once', 'again']) await refresh();
  expect(notices).toMatchObject([{ code: 'ERR_GIVEWAY_SCHEDULE_NAME', resource: '!fire/ETL' }]);
});

test.each<[string, Pick<OncePerFireOptions, 'at'> | Pick<OncePerFireOptions, 'every'>]>([
  ['at', { at: Date.UTC(2026, 10, 29) }],
  ['every', { every: 60_000 }],
])('two oncePerFire of one name in one process are told by a notice; one that is called twice is not (%s)', async (_, which) => {
  const { here } = fleet();
  const notices = noticesOf(here);
  const [one, other] = ['a', 'A'].map((name) => oncePerFire(here, { name, ...which } as OncePerFireOptions, () => {})) as [
    () => Promise<unknown>,
    () => Promise<unknown>,
  ];
  for (const _ of ['once', 'again']) await one();
  expect(notices).toEqual([]);
  for (const _ of ['once', 'again']) await other();
  expect(notices).toHaveLength(1);
});

test('of names that are made for each fire only the last are known', async () => {
  const { here } = fleet();
  const notices = noticesOf(here);
  const ask = (name: string): Promise<unknown> => oncePerFire(here, { name, at: 0 }, () => {})();
  for (let index = 0; index < 1_100; index++) await ask(`report ${index}`);
  await ask('report 0');
  expect(notices).toEqual([]);
  await ask('report 1099');
  expect(notices).toHaveLength(1);
});
