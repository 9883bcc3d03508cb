import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { EventName } from '../../src/index.ts';
import { createJournal, type JournalPool, type Observed, postgresJournal } from '../../src/observe/index.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { twoLockers } from './fleet.ts';

/** Counts who listens. */
function watched(locker: Observed): { observed: Observed; listening: Set<EventName> } {
  const listening = new Set<EventName>();
  return {
    listening,
    observed: {
      on(event, listener) {
        listening.add(event);
        return locker.on(event, listener);
      },
      off(event, listener) {
        listening.delete(event);
        return locker.off(event, listener);
      },
    },
  };
}

describe('createJournal', () => {
  test('what has been held for long is told however much was written since', async () => {
    const [a] = twoLockers();
    const journal = createJournal();
    journal.observe(a);
    await a.lock('rebuild');
    for (let i = 0; i < 1_100; i++) await a.run('events', () => {});
    const entries = await journal.entries();
    expect(entries).toHaveLength(1_001);
    expect(entries.at(-1)).toMatchObject({ resource: 'rebuild', outcome: 'ongoing' });
  });
});

describe('postgresJournal', () => {
  test('closed again, as `beforeExit` does for as long as something is sent, it sends nothing more', async () => {
    let sent = 0;
    const pool: JournalPool = {
      query() {
        sent += 1;
        return Promise.reject(new Error('gone'));
      },
    };
    const [a] = twoLockers();
    const journal = postgresJournal({ pool });
    journal.observe(a);
    await a.run('visits', () => {});
    await journal.close();
    expect(sent).toBe(1);
    await journal.close();
    expect(sent).toBe(1);
  });

  test('an onError that rejects is no unhandled rejection', async () => {
    const pool: JournalPool = { query: () => Promise.reject(new Error('gone')) };
    const [a] = twoLockers();
    const journal = postgresJournal({ pool, onError: async () => Promise.reject(new Error('the alert was not sent')) });
    journal.observe(a);
    await a.run('visits', () => {});
    await journal.close();
    await nextTurn(); // jest fails a test for a rejection that nobody handled
  });

  test('flush writes what has gathered by then, though older rows are just being deleted', async () => {
    const sent: { resource: string }[] = [];
    let swept: () => void = () => {};
    const pool: JournalPool = {
      async query(text, values) {
        if (text.startsWith('insert')) sent.push(...JSON.parse(values?.[0] as string));
        else await new Promise<void>((resolve) => (swept = resolve));
        return { rows: [] };
      },
    };
    const [a] = twoLockers();
    const journal = postgresJournal({ pool });
    journal.observe(a);
    await a.run('first', () => {});
    const first = journal.flush();
    await nextTurn();
    await a.run('second', () => {});
    const second = journal.flush();
    swept();
    await Promise.all([first, second]);
    expect(sent.map(({ resource }) => resource)).toEqual(['first', 'second']);
    await journal.close();
  });

  test('a write that is never answered, as of a server that vanished, is told, given up and sent again', async () => {
    const clock = fakeClock();
    const sent: string[] = [];
    const pool: JournalPool = {
      async query(text, values) {
        if (!text.startsWith('insert')) return { rows: [] };
        sent.push(...JSON.parse(values?.[0] as string).map(({ resource }: { resource: string }) => resource));
        return sent.length === 1 ? new Promise<never>(() => {}) : { rows: [] };
      },
    };
    const errors: unknown[] = [];
    const [a] = twoLockers();
    const journal = postgresJournal({ pool, clock, onError: (error) => errors.push(error) });
    journal.observe(a);
    await a.run('visits', () => {});
    await clock.advance(60_000);
    expect(errors).toEqual([expect.objectContaining({ message: 'The database of the journal did not answer within 30000 ms' })]);
    expect(sent).toEqual(['visits', 'visits']);
    await journal.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('closed, it listens no more, and what goes on is unknown to it', async () => {
    const sent: { resource: string; outcome: string }[] = [];
    const pool: JournalPool = {
      async query(text, values) {
        if (text.startsWith('insert')) sent.push(...JSON.parse(values?.[0] as string));
        return { rows: [] };
      },
    };
    const [a] = twoLockers();
    const { observed, listening } = watched(a);
    const journal = postgresJournal({ pool });
    journal.observe(observed);
    const lock = await a.lock('visits', { maxHoldMs: Number.POSITIVE_INFINITY });
    await journal.flush();
    expect(listening.size).toBeGreaterThan(0);
    await journal.close();
    await lock.unlock();
    expect(sent.map(({ resource, outcome }) => [resource, outcome])).toEqual([
      ['visits', 'ongoing'],
      ['visits', 'unknown'],
    ]);
    expect([...listening]).toEqual([]);
  });

  test('a full buffer gives up the oldest, and never the newest', async () => {
    const rows: { resource: string }[] = [];
    let fails = true;
    const pool: JournalPool = {
      async query(text, values) {
        if (fails) throw new Error('gone');
        if (text.startsWith('insert')) rows.push(...JSON.parse(values?.[0] as string));
        return { rows: [] };
      },
    };
    const [a] = twoLockers();
    const journal = postgresJournal({ pool, bufferLimit: 1, clock: fakeClock() });
    journal.observe(a);
    for (const resource of ['first', 'second', 'third', 'fourth']) await a.run(resource, () => {});
    await journal.flush();
    fails = false;
    await journal.close();
    expect(rows).toMatchObject([{ resource: 'fourth' }]);
    expect(journal.dropped).toBe(3);
  });

  test('a retention without end deletes nothing; one longer than there is time asks for no date that is none', async () => {
    for (const [retentionMs, swept] of [
      [Number.POSITIVE_INFINITY, []],
      [Number.MAX_SAFE_INTEGER, [[new Date(0)]]],
    ] as const) {
      const deletes: unknown[] = [];
      const pool: JournalPool = {
        async query(text, values) {
          if (text.includes('delete')) deletes.push(values);
          return { rows: [] };
        },
      };
      const [a] = twoLockers();
      const journal = postgresJournal({ pool, retentionMs });
      journal.observe(a);
      await a.run('visits', () => {});
      await journal.close();
      expect(deletes).toEqual(swept);
    }
  });
});

describeWith('postgres', (service) => {
  let pool: Pool;
  const pools: Pool[] = [];
  beforeAll(() => {
    pool = new Pool({ connectionString: service.url });
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((each) => each.end()));
  });
  afterAll(() => pool.end());

  test('a connection of its pool that breaks while idle does not end the process, and is told', async () => {
    const own = new Pool({ connectionString: service.url, max: 1 });
    pools.push(own);
    let tell: (error: unknown) => void = () => {};
    const told = new Promise<unknown>((resolve) => {
      tell = resolve;
    });
    const journal = postgresJournal({ pool: own, onError: (error) => tell(error) });
    const { rows } = await own.query<{ pid: number }>('select pg_backend_pid() as pid');
    // An error that nobody listens to would be thrown out of the socket's callback.
    expect(own.listenerCount('error')).toBe(1);
    await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    expect(await told).toMatchObject({ message: expect.stringMatching(/terminat/) });
    await journal.close();
    expect(own.listenerCount('error')).toBe(0);
  });

  test('what is past the retention is deleted, however much there is', async () => {
    const table = uniqueName('journal');
    await using journal = postgresJournal({ pool, table });
    await journal.createTable();
    await pool.query(`insert into ${table} (id, kind, resource, host, pid, started_at, ended_at, latest_end, outcome, details)
      select 'old ' || n, 'hold', 'visits', 'h', 1, now() - interval '8 days', now() - interval '8 days', now(), 'released', '{}'
      from generate_series(1, 12000) as n`);
    const [a] = twoLockers();
    journal.observe(a);
    await a.run('visits', () => {});
    await journal.flush();
    const { rows } = await pool.query<{ left: number }>(`select count(*)::int as left from ${table}`);
    expect(rows).toEqual([{ left: 1 }]);
  });

  test('a late write of what was going on undoes nothing that was told since', async () => {
    const table = uniqueName('journal');
    await using journal = postgresJournal({ pool, table });
    await journal.createTable();
    const writes: [string, unknown[] | undefined][] = [];
    const keeping: JournalPool = {
      async query(text, values) {
        if (text.startsWith('insert')) writes.push([text, values]);
        return { rows: [] };
      },
    };
    const [a] = twoLockers();
    const writer = postgresJournal({ pool: keeping, table });
    writer.observe(a);
    const lock = await a.lock('visits');
    await writer.flush();
    await lock.unlock();
    await writer.close();
    expect(writes).toHaveLength(2);
    for (const write of writes.toReversed()) await pool.query(...write);
    expect(await journal.entries()).toMatchObject([{ resource: 'visits', outcome: 'released', to: expect.any(Date) }]);
  });

  test('the last skips of a resource that has none are found without a walk through all holds', async () => {
    const table = uniqueName('journal');
    await postgresJournal({ pool, table }).createTable();
    await pool.query(`insert into ${table} (id, kind, resource, host, pid, started_at, ended_at, latest_end, outcome, details)
      select n, 'hold', 'visits', 'h', 1, now(), now(), now(), 'released', '{}' from generate_series(1, 20000) as n`);
    await pool.query(`analyze ${table}`);
    const plans: string[] = [];
    const explaining: JournalPool = {
      async query(text, values) {
        const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { rows: [] };
      },
    };
    await postgresJournal({ pool: explaining, table }).entries({ resource: 'visits', kind: 'skip', limit: 5 });
    expect(plans).toEqual([expect.stringMatching(/Index Scan.* using \w+_others/)]);
  });

  test('`since` leaves out a hold whose process died, once it must have been over before', async () => {
    const table = uniqueName('journal');
    const hourMs = 3_600_000;
    const clock = fakeClock({ wallMs: Date.now() - 5 * hourMs });
    const died = postgresJournal({ pool, table, clock });
    await died.createTable();
    const [a] = twoLockers();
    died.observe(a);
    await a.lock('visits', { maxHoldMs: hourMs });
    await a.lock('events', { maxHoldMs: 6 * hourMs });
    await died.flush();
    await using reader = postgresJournal({ pool, table });
    const since = (hours: number) => reader.entries({ since: new Date(Date.now() - hours * hourMs) });
    expect(await since(3)).toMatchObject([{ resource: 'events', outcome: 'ongoing' }]);
    expect(await since(4.5)).toMatchObject([{ resource: 'events' }, { resource: 'visits', outcome: 'unknown' }]);
  });
});
