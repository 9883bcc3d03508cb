import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { ResourceLocker } from '../../src/index.ts';
import { runFire, takeFire } from '../../src/jobs/fires.ts';
import { createJournal, type Journal, postgresJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { twoLockers } from './fleet.ts';
import { formerEntries, formerStory, formerTable } from './journal-former.ts';

const startMs = Date.UTC(2026, 10, 28, 2);
const at = (minutes: number): Date => new Date(startMs + minutes * 60_000);
const slot = at(0);

/** Holds at minutes 0 to 1 and 3, a skip and a wait at 1, a conflict, a late lock and three fires at 2. */
async function play(a: ResourceLocker, b: ResourceLocker, clock: ReturnType<typeof fakeClock>): Promise<void> {
  const lock = await a.lock('events', { job: 'load' });
  await clock.advance(60_000);
  await b.run({ writes: 'events', reads: 'visits' }, () => {}, { job: 'rollup' });
  const waits = new Promise<void>((resolve) => b.on('waiting', () => resolve()));
  const waited = b.run('events', () => {}, { job: 'dedupe', onBusy: 'retry' });
  await waits;
  await lock.unlock();
  await waited;
  await clock.advance(60_000);
  const scope = { writes: ['events'], appends: [], reads: [] };
  a.announce('conflict', () => ({ scope, job: 'load', code: '40001', message: 'm', tables: ['events'], attempt: 1 }));
  a.announce('late-lock', () => ({ sql: 'insert', tables: ['visits'], job: 'load' }));
  const fire = { key: `mail:${slot.toISOString()}`, name: 'mail', slot, job: 'mail' };
  await runFire(a, fire, 60_000, {}, () => {});
  await takeFire(b, fire, 60_000, {});
  await takeFire(b, { key: 'by hand', name: 'etl', slot: undefined, job: 'etl' }, 60_000, {});
  await clock.advance(60_000);
  await a.run('visits', () => {}, { job: 'rollup' });
}

/** What every journal answers about `play`. */
async function expectAnswers(journal: Journal): Promise<void> {
  const found = async (query: Parameters<Journal['entries']>[0]): Promise<readonly string[]> =>
    (await journal.entries(query)).map(({ kind, job, resource }) => [kind, job, resource].join(' ').trim()).sort();
  expect(await found({ kind: ['skip', 'late-lock'] })).toEqual(['late-lock load visits', 'skip rollup events']);
  expect(await found({ job: 'rollup' })).toEqual(['hold rollup visits', 'skip rollup events']);
  expect(await found({ job: 'rollup', kind: 'skip', outcome: 'busy' })).toEqual(['skip rollup events']);
  expect(await found({ outcome: 'busy' })).toEqual(['skip rollup events']);
  expect(await found({ outcome: '40001' })).toEqual(['conflict load events']);
  expect(await found({ kind: 'wait' })).toEqual(['wait dedupe events']);
  expect(await found({ kind: 'fire' })).toEqual(['fire etl', 'fire mail', 'fire mail']);
  expect(await found({ kind: 'fire', outcome: 'elsewhere' })).toEqual(['fire mail']);
  expect(await found({ outcome: 'ran' })).toEqual(['fire mail']);
  expect(await found({ outcome: 'taken' })).toEqual(['fire etl']);
  expect(await found({ resource: '!fire/mail' })).toEqual([]);
  expect(await found({ until: at(0.5) })).toEqual(['hold load events']);
  expect(await found({ since: at(0.5), until: at(1.5), kind: 'hold' })).toEqual(['hold dedupe events', 'hold load events']);
  expect(await found({ since: at(2.5) })).toEqual(['hold rollup visits']);
  expect(await journal.entries({ outcome: 'elsewhere' })).toMatchObject([
    { kind: 'fire', resource: undefined, name: 'mail', slot, at: at(2), to: undefined, holders: [{ job: 'mail' }] },
  ]);
  expect(await journal.entries({ outcome: 'ran' })).toMatchObject([{ name: 'mail', slot, at: at(2), to: expect.any(Date), job: 'mail' }]);
  expect(await journal.entries({ kind: 'skip' })).toMatchObject([{ scope: { writes: ['events'], appends: [], reads: ['visits'] } }]);
  const [all, two] = [await journal.entries(), await journal.entries({ limit: 2 })];
  expect([all.length, all.isCut, two.length, two.isCut]).toEqual([10, false, 2, true]);
  expect(await journal.entries({ limit: 10 })).toMatchObject({ length: 10, isCut: false });
  // To be compared, printed and sent as the list that it is.
  expect([JSON.stringify(two), [...two]]).toEqual([JSON.stringify([...two]), two]);
}

test('a journal in memory answers by time, job, kind and outcome, and says when there is more', async () => {
  const clock = fakeClock({ wallMs: startMs });
  const backend = memoryStore({ clock });
  const [a, b] = twoLockers({ store: backend.connect(), clock }, { store: backend.connect(), clock });
  const journal = createJournal({ clock });
  for (const locker of [a, b]) journal.observe(locker);
  await play(a, b, clock);
  await expectAnswers(journal);
});

describeWith('postgres', (service) => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: service.url });
  });
  afterAll(() => pool.end());

  test('so does one in a table', async () => {
    const clock = fakeClock({ wallMs: startMs });
    const backend = memoryStore({ clock });
    const [a, b] = twoLockers({ store: backend.connect(), clock }, { store: backend.connect(), clock });
    await using journal = postgresJournal({ pool, table: uniqueName('journal'), clock, retentionMs: Number.POSITIVE_INFINITY });
    await journal.createTable();
    for (const locker of [a, b]) journal.observe(locker);
    await play(a, b, clock);
    await journal.flush();
    await expectAnswers(journal);
  });

  describe('a table of the previous version, with processes of both', () => {
    test('is read: its fires are fires, what joined an outer run is no hold', async () => {
      const table = uniqueName('journal');
      await pool.query(formerTable(table));
      await pool.query(formerStory(table));
      await using journal = postgresJournal({ pool, table });
      const before = await journal.entries();
      await journal.createTable();
      const entries = await journal.entries();
      expect(before).toEqual(entries);
      expect(entries.map(({ kind, job, resource }) => [kind, job, resource].join(' ').trim()).sort()).toEqual([
        'fire etl',
        'fire etl',
        'fire mail',
        'hold etl events',
        'skip rollup events',
      ]);
      expect(await journal.entries({ kind: 'fire' })).toMatchObject([
        { name: 'mail', slot: undefined, outcome: 'ran' },
        { name: 'etl', slot, outcome: 'elsewhere', holders: [{ job: 'etl (fire)' }] },
        { name: 'etl', slot, outcome: 'taken' },
      ]);
      expect(await journal.entries({ kind: 'hold', outcome: 'released' })).toMatchObject([{ job: 'etl', resource: 'events' }]);
    });

    test('is written to by new processes so that old ones can read it, and by old ones after that', async () => {
      const table = uniqueName('journal');
      await pool.query(formerTable(table));
      const clock = fakeClock({ wallMs: startMs });
      const backend = memoryStore({ clock });
      const [a, b] = twoLockers({ store: backend.connect(), clock }, { store: backend.connect(), clock });
      await using journal = postgresJournal({ pool, table, clock, retentionMs: Number.POSITIVE_INFINITY });
      for (const locker of [a, b]) journal.observe(locker);
      await play(a, b, clock);
      await journal.flush();
      await expectAnswers(journal);
      await journal.createTable();
      await expectAnswers(journal);
      await pool.query(formerStory(table));
      const rows = await formerEntries(pool, table);
      expect(rows).toHaveLength(10 + 7);
      expect(rows.every(({ kind, details }) => kind === 'hold' || kind === 'conflict' || Array.isArray(details.holders))).toBe(true);
      expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(['hold', 'skip', 'wait', 'conflict']));
    });
  });
});
