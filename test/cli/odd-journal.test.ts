/** Rows of other versions, of other hands and of hosts whose clocks are ahead: each is told as far as it goes, and hides no other. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createJournalTableSql, type JournalEntry, postgresJournal } from 'giveway/observe';
import { Pool } from 'pg';
import { createDashboard } from '../../src/dashboard/index.ts';
import type { JobPastView, PastView } from '../../src/dashboard/view.ts';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';

const busy = `'skip', 'events'`;
const holder = (since: string): string => `{"mode":"write","job":"x","host":"h","pid":1,"since":"${since}","state":"holding"}`;
/** Kind, table, job; minutes from now of beginning and end; outcome, waited, details. */
const rows: readonly (readonly [string, string | null, number, number, string, string, string])[] = [
  [`'hold', 'events'`, null, -10, -9, 'released', 'null', '{}'],
  [busy, null, -9, -9, 'busy', 'null', '{}'],
  [`'wait', 'events'`, null, -9, -9, 'waiting', 'null', '{}'],
  [`'conflict', 'events'`, null, -9, -9, '40001', 'null', '{}'],
  [`'hold', 'events'`, 'ahead', 10, 11, 'released', '0', '{"mode":"write","isProtected":true}'],
  [busy, 'ahead', 10, 10, 'busy', '0', `{"holders":[${holder('2999-01-01T00:00:00.000Z')}]}`],
  [busy, 'no-time', -8, -8, 'busy', '0', `{"holders":[${holder('garbage')}]}`],
  [busy, 'no-holders', -8, -8, 'busy', '0', '{"holders":null,"scope":{"writes":"events"}}'],
  [busy, 'listless', -8, -8, 'busy', '0', '{"holders":"nobody"}'],
  [busy, 'e\u0001vil\u202e', -8, -8, 'of\u202e another kind', '0', '{"holders":[]}'],
  [`'fancy', 'events'`, 'of-tomorrow', -8, -8, 'new', '0', '{}'],
  [busy, 'earlier', -7, -7, 'busy', '-50000', 'null'],
  [busy, 'endless', -7, -7, 'busy', "'NaN'", '{"holders":[]}'],
  ...[-30, -25, -20, -15].map((from) => [`'hold', 'events'`, 'steady', from, from + 1, 'released', '0', '{}'] as const),
  [`'hold', 'events'`, 'endless', -7, -6, 'released', "'Infinity'", '{"mode":"odd","isProtected":null}'],
];

describeWith('postgres', (service) => {
  const table = uniqueName('journal');
  let pool: Pool;

  beforeAll(async () => {
    pool = new Pool({ connectionString: service.url });
    await query(service.url, createJournalTableSql(table));
    const minute = (minutes: number): string => `now() + ${minutes} * interval '1 min'`;
    for (const [index, [what, job, from, to, outcome, waited, details]] of rows.entries()) {
      await pool.query(
        `insert into ${table} select '${index}', ${what}, $1, 'h', 1, ${minute(from)}, ${minute(to)}, ${minute(to)}, $2, ${waited}, $3::jsonb`,
        [job, outcome, details],
      );
    }
  });
  afterAll(() => pool.end());

  const ask = (...args: readonly string[]): Promise<Answer> =>
    giveway([...args, '--journal-table', table], { env: { GIVEWAY_JOURNAL: service.url, GIVEWAY_STORE: 'memory:' } });
  const jobs = ['ahead', 'no-time', 'no-holders', 'listless', 'e\u0001vil\u202e', 'earlier', 'endless'];

  test('a journal gives all of them that are of a kind it knows', async () => {
    await using journal = postgresJournal({ pool, table });
    const entries = await journal.entries();
    expect(entries).toHaveLength(rows.length - 1);
    const waits = entries.flatMap((entry: JournalEntry) => ('waitedMs' in entry ? [entry.waitedMs] : []));
    expect(new Set(waits)).toEqual(new Set([0]));
  });

  test('why, report and forecast answer, in words and in JSON', async () => {
    const questions = [['why', 'events', '--last', '20'], ['report'], ['forecast', '--plays', '20']];
    for (const question of [...questions, ...jobs.map((job) => ['why', job, '--job'])]) {
      const words = await ask(...question);
      const json = await ask(...question, '--json');
      expect({ question, codes: [words.code, json.code], err: words.err + json.err }).toEqual({ question, codes: [0, 0], err: '' });
      expect(words.out).not.toMatch(/undefined|NaN|could not be read|\p{Cf}/u);
      expect(JSON.parse(json.out)).toEqual(expect.anything());
    }
  });

  test('what has not happened yet by our clock is told as that, and a reason that nobody knows as it stands', async () => {
    expect((await ask('why', 'ahead')).out).toMatch(/\n {2}in \d+m( \d\ds)?, by the clock of its host: ahead on h, pid 1, was skipped/);
    expect((await ask('why', 'e\u0001vil\u202e')).out).toMatch(/: e\?vil\? on h, pid 1, was skipped: of\? another kind\n/);
  });

  test('the page shows them', async () => {
    const locker = createLocker({ store: memoryStore() });
    await using journal = postgresJournal({ pool, table });
    const dashboard = createDashboard({ locker, journal });
    const past = async (more: string): Promise<unknown> =>
      (await dashboard(new Request(`http://localhost/api/past?lastMs=3600000${more}`))).json();
    const { problems, lanes } = (await past('')) as PastView;
    expect({ problems, tables: lanes.map(({ title }) => title) }).toEqual({ problems: [], tables: ['events'] });
    for (const job of jobs) expect(((await past(`&job=${encodeURIComponent(job)}`)) as JobPastView).problems).toEqual([]);
    await locker.close();
  });
});
