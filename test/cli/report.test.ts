import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createJournalTableSql, type JournalEntry, type JournalQuery } from 'giveway/observe';
import { Pool } from 'pg';
import { materialOf } from '../../src/cli/report-material.ts';
import { reportCsv } from '../../src/cli/report-words.ts';
import { reportOf } from '../../src/observe/answers/report.ts';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { giveway } from './in-process.ts';
import { writeNight } from './night.ts';

test('without a journal it says what to name; with one that does not answer, what went wrong', async () => {
  expect(await giveway(['report'])).toMatchObject({
    code: 64,
    err: expect.stringMatching(/^giveway: GIVEWAY_JOURNAL is not set: a URL such as/),
  });
  const env = { GIVEWAY_JOURNAL: 'postgres://u:secret@127.0.0.1:1/x' };
  const silent = await giveway(['report'], { env });
  expect(silent).toMatchObject({
    code: 69,
    out: '',
    err: expect.stringMatching(/^giveway: The journal could not be read: .*ECONNREFUSED/),
  });
  expect(silent.err).not.toContain('secret');
  expect(await giveway(['report', '--csv', '--json'], { env })).toMatchObject({ code: 64 });
});

test.each([
  [['--since', '1h', '--until', '2h'], /^giveway: --until: received "[^"]+"; a time after --since, /],
  [['--since', '2999-01-01'], /^giveway: --since: received "2999-01-01 00:00:00"; a time before now, /],
  [['--since', '2026-02-29'], /'2026-02-29' is invalid\. A time such as/],
  [['--since', '2026-02-30 02:00'], /'2026-02-30 02:00' is invalid\. A time such as/],
  [['--journal-table', 'a b'], /^giveway: --journal-table: received "a b"; a name or schema\.name/],
])('%j is refused by name, before anything is asked', async (args, message) => {
  const env = { GIVEWAY_JOURNAL: 'postgres://127.0.0.1:1/x' };
  expect(await giveway(['report', ...args], { env })).toEqual({ code: 64, out: '', err: expect.stringMatching(message) });
});

test('why refuses the same times', async () => {
  const why = (...args: string[]) => giveway(['why', 'events', '--store', 'memory:', ...args]);
  expect(await why('--since', '2999-01-01')).toMatchObject({
    code: 64,
    err: expect.stringContaining('--since: received "2999-01-01 00:00:00"'),
  });
  expect(await why('--since', '1h', '--until', '2h')).toMatchObject({ code: 64, err: expect.stringContaining('--until: received ') });
});

test.each(['nonsense', 'mysql://u:secret@h/x', 'postgres://u:secret@h:99999/x'])(
  '%s is no database, and its password is not shown',
  async (url) => {
    const refused = { code: 64, out: '', err: expect.stringContaining('a URL such as postgres://user:password@host/database is allowed') };
    const answers = await Promise.all([
      giveway(['report'], { env: { GIVEWAY_JOURNAL: url } }),
      giveway(['advise', '--database-url', url]),
      giveway(['doctor', '--store', 'memory:', '--database-url', url]),
      giveway(['init', '--file', '/nowhere/giveway.config.ts', '--database-url', url]),
    ]);
    for (const answer of answers) {
      expect(answer).toEqual(refused);
      expect(answer.err).not.toContain('secret');
    }
  },
);

test('CSV is quoted, and no name is a formula', () => {
  const blocked = [{ job: '=1+1', by: 'a,"b"', resource: 'events', skips: 1, waits: 0, lostMs: 2_000, share: 1 }];
  const report = { blocked, work: [], conflicts: [], starving: [], advice: [] };
  const [, line] = reportCsv({ since: new Date(0), until: new Date(1), isCut: [], report }).split('\r\n');
  expect(line).toBe(`blocked,'=1+1,"a,""b""",events,,1,0,2000,1${','.repeat(9)}`);
});

test('jobs that were kept from something come first, those left out are told, and work without a name is counted', async () => {
  const since = new Date(0);
  const about = { resource: 'events', host: 'h', pid: 1 };
  const skip = { ...about, kind: 'skip', at: new Date(5_000), reason: 'busy', holders: [], waitedMs: 0 } as const;
  const hold = {
    ...about,
    kind: 'hold',
    mode: 'write',
    from: new Date(1_000),
    to: new Date(2_000),
    outcome: 'released',
    reason: undefined,
    waitedMs: 0,
    isProtected: true,
  } as const;
  const all: readonly JournalEntry[] = [
    { ...skip, job: 'zebra' },
    { ...skip, job: undefined },
    { ...hold, job: 'zebra' },
    { ...hold, job: undefined },
  ];
  const journal = {
    jobs: async () => Array.from({ length: 250 }, (_, index) => `job ${index}`),
    entries: async ({ kind, job, resource }: JournalQuery = {}) => {
      const found = all.filter(
        (entry) =>
          [kind].flat().includes(entry.kind) &&
          (job === undefined || entry.job === job) &&
          (resource === undefined || entry.resource === resource),
      );
      return Object.assign(found, { isCut: false });
    },
  };
  const { isCut, ...material } = await materialOf(journal, since, new Date(10_000));
  expect(isCut).toEqual(['jobs']);
  expect(reportOf(material).work.map(({ job, holds, skips }) => ({ job, holds, skips }))).toEqual([
    { job: undefined, holds: 1, skips: 1 },
    { job: 'zebra', holds: 1, skips: 1 },
  ]);
});

describeWith('postgres', (service) => {
  const table = uniqueName('journal');
  const start = new Date(Date.now() - 3 * 3_600_000);
  let pool: Pool;

  beforeAll(async () => {
    pool = new Pool({ connectionString: service.url });
    await writeNight(pool, start.getTime(), table);
  });
  afterAll(() => pool.end());

  const report = (...args: readonly string[]) =>
    giveway(['report', ...(args.includes('--journal-table') ? [] : ['--journal-table', table]), ...args], {
      env: { GIVEWAY_JOURNAL: service.url },
    });

  test('the matrix of the night: who kept whom from what, and how long that was', async () => {
    const { blocked, work, conflicts, starving, advice, isCut } = JSON.parse((await report('--json')).out);
    expect(blocked).toEqual([
      { job: 'nightly-dedupe', by: 'rollup', resource: 'visits', skips: 1, waits: 0, lostMs: 200_000, share: 200 / 426 },
      { job: 'nightly-dedupe', by: 'load', resource: 'events', skips: 2, waits: 0, lostMs: 149_000, share: 149 / 426 },
      { job: 'backfill', by: 'load', resource: 'events', skips: 0, waits: 1, lostMs: 77_000, share: 77 / 426 },
    ]);
    expect(work).toContainEqual({
      job: 'load',
      resource: 'events',
      holds: 12,
      skips: 0,
      holdMs: { p50: 130_000, p95: 172_000, p99: 172_000 },
      waitMs: { p50: 0, p95: 0, p99: 0 },
    });
    expect([conflicts, starving, isCut]).toEqual([[], [], []]);
    expect(advice).toEqual([
      `Let "nightly-dedupe" wait for 3m 20s (onBusy: 'retry', retry.maxWaitMs: 200000, or giveway run --wait 200s): all its 3 skips would have run.`,
      'Shorten or move "rollup": on "visits" it cost "nightly-dedupe" 3m 20s, 47 % of all time lost.',
      'Shorten or move "load": on "events" it cost "nightly-dedupe" 2m 29s, 35 % of all time lost.',
    ]);
  });

  test('in words and as CSV; of a time without anything it says so', async () => {
    const { code, out } = await report();
    expect(code).toBe(0);
    expect(out).toMatch(/\nBLOCKED +BY +TABLE +SKIPS +WAITS +LOST +SHARE\nnightly-dedupe +rollup +visits +1 +0 +3m 20s +47 %\n/);
    expect(out).toMatch(/\nAdvice:\n {2}1\. Let "nightly-dedupe" wait for 3m 20s /);
    const lines = (await report('--csv')).out.split('\r\n');
    expect(lines[0]).toMatch(/^kind,job,by,table,holds,skips,waits,lost_ms,share,/);
    expect(lines[1]).toMatch(/^blocked,nightly-dedupe,rollup,visits,,1,0,200000,0\.469/);
    expect((await report('--since', '10m')).out).toMatch(/^From .*\.\n\nThe journal tells of nothing in this time\.\n$/);
  });

  test('where there was more than is read, words, CSV and JSON say so', async () => {
    const long = `${table}_long`;
    await query(service.url, createJournalTableSql(long));
    await query(
      service.url,
      `insert into ${long} select n, 'conflict', 'events', 'load', 'h', 1, now(), now(), now(), '40001', null, '{}' from generate_series(1, 1001) n`,
    );
    const ask = (...args: readonly string[]) => report('--journal-table', long, ...args);
    const said = 'Of conflicts there were more: the newest are counted';
    expect((await ask()).out).toMatch(new RegExp(`^From .*\\. ${said}\\.\n`));
    expect(await ask('--csv')).toMatchObject({ code: 0, out: expect.stringMatching(/^kind,/), err: `giveway: ${said}\n` });
    expect(JSON.parse((await ask('--json')).out).isCut).toEqual(['conflicts']);
    expect((await report('--csv')).err).toBe('');
  });
});
