import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { ResourceLocker } from '../../src/index.ts';
import {
  createJournal,
  createJournalTableSql,
  type Journal,
  type JournalPool,
  type Observed,
  postgresJournal,
} from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { twoLockers } from './fleet.ts';

/** A hold, a skip, a wait, a conflict, and a hold that goes on. Returns the token of the first. */
async function story(a: ResourceLocker, b: ResourceLocker): Promise<string> {
  const lock = await a.lock({ writes: 'visits', reads: 'events' });
  await b.run('visits', () => {});
  const waits = new Promise<void>((resolve) => b.on('waiting', () => resolve()));
  const waited = b.run('visits', () => {}, { onBusy: 'retry' });
  await waits;
  await lock.unlock();
  await waited;
  const scope = { writes: ['visits'], appends: [], reads: ['events'] };
  a.announce('conflict', () => ({ scope, job: 'rollup', code: '40001', message: 'm', tables: ['events', 'visits'], attempt: 1 }));
  await a.lock({ appends: 'events' });
  return lock.token;
}

/** What every journal tells of `story`. */
async function expectStory(journal: Journal, token: string): Promise<void> {
  const entries = await journal.entries();
  const self = { host: expect.any(String), pid: process.pid };
  const holder = {
    job: 'rollup',
    mode: 'write',
    resource: 'visits',
    state: 'holding',
    since: expect.any(Date),
    latestEnd: expect.any(Date),
  };
  const from = expect.any(Date);
  expect(entries).toHaveLength(8);
  expect(JSON.stringify(entries)).not.toContain(token);
  expect(entries).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        kind: 'hold',
        resource: 'visits',
        mode: 'write',
        job: 'rollup',
        ...self,
        from,
        to: from,
        outcome: 'released',
      }),
      expect.objectContaining({
        kind: 'hold',
        resource: 'events',
        mode: 'read',
        job: 'rollup',
        ...self,
        outcome: 'released',
        isProtected: true,
      }),
      expect.objectContaining({ kind: 'hold', resource: 'visits', mode: 'write', job: 'nightly', ...self, outcome: 'released' }),
      expect.objectContaining({ kind: 'hold', resource: 'events', mode: 'append', to: undefined, outcome: 'ongoing' }),
      expect.objectContaining({
        kind: 'skip',
        resource: 'visits',
        job: 'nightly',
        reason: 'busy',
        holders: [expect.objectContaining(holder)],
      }),
      expect.objectContaining({ kind: 'wait', resource: 'visits', job: 'nightly', holders: [expect.objectContaining(holder)] }),
      expect.objectContaining({ kind: 'conflict', resource: 'events', code: '40001', message: 'm', attempt: 1 }),
      expect.objectContaining({ kind: 'conflict', resource: 'visits', job: 'rollup' }),
    ]),
  );
  const times = entries.map((entry) => ('from' in entry ? entry.from : entry.at).getTime());
  expect(times).toEqual([...times].sort((x, y) => y - x));
  expect((await journal.entries({ resource: 'visits' })).map(({ kind }) => kind).sort()).toEqual([
    'conflict',
    'hold',
    'hold',
    'skip',
    'wait',
  ]);
  expect(await journal.entries({ since: new Date(Date.now() + 60_000) })).toMatchObject([{ resource: 'events', outcome: 'ongoing' }]);
  expect(await journal.entries({ limit: 3 })).toHaveLength(3);
  expect(await journal.entries({ resource: 'visits', kind: 'skip', limit: 1 })).toMatchObject([{ kind: 'skip', job: 'nightly' }]);
}

describe('createJournal', () => {
  test('records holds, skips, waits and conflicts, the newest first, without tokens', async () => {
    const [a, b] = twoLockers({ job: 'rollup' }, { job: 'nightly' });
    const journal = createJournal();
    journal.observe(a);
    journal.observe(b);
    await expectStory(journal, await story(a, b));
  });

  test('keeps the newest `limit` and everything that is held', async () => {
    const [a] = twoLockers();
    const journal = createJournal({ limit: 5 });
    const observer = journal.observe(a);
    const held = await a.lock('held');
    for (let i = 0; i < 23; i++) await a.run(`t${i}`, () => {});
    expect((await journal.entries()).map(({ resource }) => resource).sort()).toEqual(['held', 't18', 't19', 't20', 't21', 't22']);
    observer[Symbol.dispose]();
    expect(await journal.entries({ resource: 'held' })).toMatchObject([{ outcome: 'unknown', to: undefined }]);
    await held.unlock();
    expect(() => createJournal({ limit: 0 })).toThrow(/^limit: received 0; a positive integer is allowed/);
  });

  test('a lock that was lost ends when it is lost, with the reason', async () => {
    const clock = fakeClock();
    const [a] = twoLockers({ clock, store: memoryStore({ clock }) });
    const journal = createJournal({ clock });
    journal.observe(a);
    await a.run('visits', () => clock.advance(5_000), { maxHoldMs: 2_000 });
    const [hold] = await journal.entries();
    expect(hold).toMatchObject({ outcome: 'lost', reason: 'max-hold' });
  });
});

describe('postgresJournal', () => {
  test('a short hold is one row, a long one is told while it goes on, and a failed batch is sent again', async () => {
    const clock = fakeClock();
    const [a] = twoLockers();
    const sent: { resource: string; outcome: string; id: string }[][] = [];
    let fails = false;
    const pool: JournalPool = {
      async query(text, values) {
        if (fails) throw new Error('gone');
        if (text.startsWith('insert')) sent.push(JSON.parse(values?.[0] as string));
        return { rows: [] };
      },
    };
    const errors: unknown[] = [];
    const journal = postgresJournal({ pool, clock, onError: (error) => errors.push(error) });
    using _observer = journal.observe(a);
    await a.run('short', () => {});
    const long = await a.lock('long');
    expect(sent).toEqual([]);
    await clock.advance(1_000);
    expect(sent.flat().map(({ resource, outcome }) => [resource, outcome])).toEqual([
      ['short', 'released'],
      ['long', 'ongoing'],
    ]);
    fails = true;
    await long.unlock();
    await clock.advance(10_000);
    expect(errors.length).toBeGreaterThan(1);
    expect(sent).toHaveLength(1);
    fails = false;
    await clock.advance(30_000);
    expect(sent[1]).toMatchObject([{ resource: 'long', outcome: 'released', id: sent[0]?.[1]?.id }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('while the database is away it keeps `bufferLimit` entries and counts the others', async () => {
    const [a] = twoLockers();
    const pool: JournalPool = { query: () => Promise.reject(new Error('gone')) };
    const journal = postgresJournal({ pool, bufferLimit: 10, clock: fakeClock() });
    using _observer = journal.observe(a);
    for (let i = 0; i < 30; i++) await a.run(`t${i}`, () => {});
    await journal.flush();
    expect(journal.dropped).toBeGreaterThanOrEqual(20);
    expect(journal.dropped).toBeLessThanOrEqual(21);
    await journal.close();
  });

  test.each([
    [{ pool: {} }, /^pool: /],
    [{ table: 'a; drop table b' }, /^table: received .* lower-case letters/],
    [{ retentionMs: 0 }, /^retentionMs: received 0; a positive integer/],
  ])('refuses %j', (options, message) => {
    const pool: JournalPool = { query: async () => ({ rows: [] }) };
    expect(() => postgresJournal({ pool, ...(options as object) })).toThrow(message);
  });
});

describeWith('postgres', (service) => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: service.url });
  });
  afterAll(() => pool.end());

  test('a journal of the fleet: what one process writes, all read', async () => {
    const table = uniqueName('journal');
    const [a, b] = twoLockers({ job: 'rollup' }, { job: 'nightly' });
    await using mine = postgresJournal({ pool, table });
    await using theirs = postgresJournal({ pool, table });
    await Promise.all([mine.createTable(), theirs.createTable(), mine.createTable()]);
    mine.observe(a);
    theirs.observe(b);
    const token = await story(a, b);
    await Promise.all([mine.flush(), theirs.flush()]);
    await expectStory(theirs, token);
    expect(createJournalTableSql(table)).toContain(`create table if not exists ${table} (`);
  });

  test('hostile names do no harm, and a hold whose process died is unknown after its latest end', async () => {
    const table = uniqueName('journal');
    const clock = fakeClock({ wallMs: Date.now() - 3_600_000 });
    await using journal = postgresJournal({ pool, table, clock });
    await journal.createTable();
    const { locker, acquire } = scriptedLocker();
    journal.observe(locker);
    acquire({ job: "nul\0 '; drop table x; -- \ud800 <img onerror=…>", maxHoldMs: 60_000 });
    acquire({ job: 'endless', maxHoldMs: Number.POSITIVE_INFINITY });
    await journal.flush();
    expect((await journal.entries()).map(({ job, ...entry }) => [job, entry])).toEqual([
      ['endless', expect.objectContaining({ outcome: 'ongoing' })],
      ["nul\ufffd '; drop table x; -- \ufffd <img onerror=…>", expect.objectContaining({ outcome: 'unknown', to: undefined })],
    ]);
  });

  test('what began before the retention is deleted', async () => {
    const table = uniqueName('journal');
    const clock = fakeClock({ wallMs: Date.now() });
    await using journal = postgresJournal({ pool, table, clock, retentionMs: 600_000 });
    await journal.createTable();
    const [a] = twoLockers();
    journal.observe(a);
    await a.run('old', () => {});
    await journal.flush();
    clock.block(700_000);
    await a.run('new', () => {});
    await journal.flush();
    expect(await journal.entries()).toMatchObject([{ resource: 'new' }]);
  });

  test('a journal that only reads deletes nothing, whatever its retention', async () => {
    const table = uniqueName('journal');
    await using journal = postgresJournal({ pool, table });
    await journal.createTable();
    const [a] = twoLockers();
    journal.observe(a);
    await a.run('events', () => {});
    await journal.flush();
    const reader = postgresJournal({ pool, table, retentionMs: 1 });
    await reader.entries();
    await reader.close();
    expect(await journal.entries()).toMatchObject([{ resource: 'events' }]);
  });
});

/** Tells of locks that nobody takes. */
function scriptedLocker(): { locker: Observed; acquire(about: { job: string; maxHoldMs: number }): void } {
  const listeners = new Map<string, (event: never) => void>();
  let id = 0;
  return {
    locker: { on: (event, listener) => listeners.set(event, listener), off: (event) => listeners.delete(event) },
    acquire(about) {
      const scope = { writes: ['visits'], appends: [], reads: [] };
      listeners.get('acquired')?.({ id: ++id, scope, waitedMs: 0, isProtected: true, ...about } as never);
    },
  };
}
