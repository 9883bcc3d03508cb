import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answer, giveway } from '../cli/in-process.ts';
import { csvLog, jsonLog, type Line, plainLog, transaction } from './log-lines.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ask = (...args: string[]): Promise<Answer> => giveway(['advise', ...args], { cwd: folder });
const give = (text: string | Buffer, name = 'server.log'): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

interface Found {
  readonly conflicts: { readonly all: number; readonly serialization: number; readonly deadlock: number };
  readonly kept: number;
  readonly jobs: readonly { readonly name: string; readonly scope: object }[];
  readonly pairs: readonly { readonly aborted: string; readonly beside: string; readonly tables: readonly object[] }[];
  readonly unkept: readonly { readonly reason: string; readonly conflicts: number }[];
  readonly remarks: readonly string[];
  readonly settings: readonly string[];
}

async function find(...args: string[]): Promise<Found> {
  const { code, out, err } = await ask('--json', '--log', ...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

const scopesOf = ({ jobs }: Found): object => Object.fromEntries(jobs.map(({ name, scope }) => [name, scope]));

/** A rollup that reads what a loader inserts, and is aborted at its commit. */
const rollup = { pid: 1, vxid: '3/1', application: 'rollup' };
const loader = { pid: 2, vxid: '4/1', application: 'loader' };
const reader = { pid: 3, vxid: '5/1', application: 'web' };
const aborted: Line = {
  ...rollup,
  at: 9,
  state: '40001',
  message: 'could not serialize access due to read/write dependencies among transactions',
  detail: 'Reason code: Canceled on identification as a pivot, during commit attempt.',
  statement: 'commit',
};
const clash: readonly Line[] = [
  ...transaction(rollup, 0, ['begin', 'select sum(n) from events where day = 1']),
  ...transaction(loader, 2, ["insert into events (day, n) values (1, 'it''s'), (2, '\"')"]),
  ...transaction(reader, 3, ['begin', 'select * from visits']),
  ...transaction(rollup, 7, ['update "Visits"\nset n = 1', 'commit']),
  aborted,
];
const scopes = {
  'loader: insert events': { writes: [], appends: ['events'], reads: [] },
  'rollup: update "Visits"': { writes: ['"Visits"'], appends: [], reads: ['events'] },
};
const full = ({ pid, vxid = '', state = '00000', user = 'etl', application = '' }: Line, time: string): string =>
  `${time} [${pid}] ${vxid} ${state} ${user}@shop ${application} `;
const german = { error: 'FEHLER', hint: 'TIPP', statement: 'ANWEISUNG' };

describe('the same conflict', () => {
  test.each([
    ['csvlog', csvLog(clash)],
    ['jsonlog', jsonLog(clash)],
    ['a plain log', plainLog(clash, full)],
    ['a plain log in German', plainLog(clash.map(inGerman), full, german)],
    ['a csvlog in German', csvLog(clash.map(inGerman))],
    [
      'durations',
      csvLog(clash.map((line) => ({ ...line, message: line.message.replace(/^statement: /, 'duration: 0.123 ms  execute S_1: ') }))),
    ],
    ['line ends of Windows', csvLog(clash).replaceAll('\n', '\r\n')],
  ])('is found in %s', async (_, text) => {
    const found = await find(give(text));
    expect(found).toMatchObject({ conflicts: { all: 1, serialization: 1 }, kept: 1, unkept: [], remarks: [] });
    expect(scopesOf(found)).toEqual(scopes);
    expect(found.pairs).toEqual([
      {
        aborted: 'rollup: update "Visits"',
        beside: 'loader: insert events',
        conflicts: 1,
        tables: [{ table: 'events', aborted: 'read', beside: 'append' }],
      },
    ]);
  });

  test('is found by the prefix that is named', async () => {
    const text = plainLog(
      clash,
      ({ pid, vxid, state = '00000', application }, time) => `<${pid}|${time}|${application}|${vxid}|${state}> `,
    );
    expect(scopesOf(await find(give(text), '--log-line-prefix', '<%p|%m|%a|%v|%e> '))).toEqual(scopes);
    expect(await ask('--log', 'server.log')).toMatchObject({ code: 64, err: expect.stringContaining('--log-line-prefix') });
    expect(await ask('--log', 'server.log', '--log-line-prefix', '%m [%p] ')).toMatchObject({
      code: 64,
      err: expect.stringContaining('begins so'),
    });
    expect(await ask('--log', 'server.log', '--log-line-prefix', '%p %y')).toMatchObject({
      code: 64,
      err: expect.stringContaining('show log_line_prefix'),
    });
  });

  test('is found over several logs, which may be zipped', async () => {
    give(csvLog(clash), 'a.csv');
    give(gzipSync(jsonLog(clash)), 'b.json.gz');
    expect(await find('a.csv', 'b.json.gz')).toMatchObject({ conflicts: { all: 2 }, kept: 2 });
  });
});

function inGerman(line: Line): Line {
  const message = line.message.replace(/^statement: /, 'Anweisung: ').replace(/^could not.*/, 'konnte Zugriff nicht serialisieren');
  return { ...line, message };
}

describe('a deadlock', () => {
  const one = { pid: 10, vxid: '3/1', application: 'one' };
  const two = { pid: 11, vxid: '4/1', application: 'two' };
  const deadlock = (process: string, waits: string): Line => ({
    ...two,
    at: 9,
    state: '40P01',
    message: 'deadlock detected',
    detail: `${process} 11 ${waits} 10.\n${process} 10 ${waits} 11.\n${process} 11: update a set n = 1\n${process} 10: update b set n = 1`,
    statement: 'update a set n = 1',
  });
  const lines = (last: Line): readonly Line[] => [
    ...transaction(one, 0, ['begin', 'update a set n = 2']),
    ...transaction(two, 2, ['begin', 'update b set n = 2']),
    ...transaction(one, 4, ['update b set n = 1']),
    ...transaction(two, 5, ['update a set n = 1']),
    ...transaction({ pid: 12, application: 'bystander' }, 6, ['begin', 'update a set n = 3 where id = 9']),
    last,
  ];
  const both = {
    'one: update a; update b': { writes: ['a', 'b'], appends: [], reads: [] },
    'two: update b; update a': { writes: ['a', 'b'], appends: [], reads: [] },
  };

  test.each([
    ['csvlog', csvLog(lines(deadlock('Process', 'waits for ShareLock on transaction 782; blocked by process')))],
    ['a plain log', plainLog(lines(deadlock('Process', 'waits for ShareLock on transaction 782; blocked by process')), full)],
    [
      'German',
      plainLog(lines(deadlock('Prozess', 'wartet auf ShareLock-Sperre auf Transaktion 782; blockiert von Prozess')), full, german),
    ],
  ])('names its partners: %s', async (_, text) => {
    const found = await find(give(text));
    expect(found).toMatchObject({ conflicts: { all: 1, deadlock: 1 }, kept: 1 });
    expect(scopesOf(found)).toEqual(both);
  });

  test('tells both statements though the log has no others', async () => {
    const found = await find(give(csvLog([deadlock('Process', 'waits for process')])));
    expect(found).toMatchObject({ conflicts: { deadlock: 1 }, kept: 0, unkept: [{ reason: 'no-common-table' }] });
    expect(found.settings).toEqual(["log_statement = 'all'"]);
  });
});

test('what only inserts beside another that only inserts must have its turn, where the database aborted it for that', async () => {
  const lines = [1, 2].flatMap((pid) =>
    transaction({ pid, vxid: `${pid}/1`, application: pid === 1 ? 'one' : 'two' }, pid, ['begin', 'insert into t values (1)']),
  );
  const found = await find(give(csvLog([...lines, { ...aborted, pid: 2, vxid: '2/1', application: 'two' }])));
  const alone = { writes: ['t'], appends: [], reads: [] };
  expect(scopesOf(found)).toEqual({ 'one: insert t': alone, 'two: insert t': alone });
});

test('an aborted reader is kept safe by keeping apart those that wrote beside it', async () => {
  const lines = [
    ...transaction({ pid: 1, vxid: '1/1', application: 'web' }, 0, ['begin', 'select * from a join b using (id)']),
    ...transaction({ pid: 2, vxid: '2/1', application: 'one' }, 2, ['begin', 'select * from a', 'update b set n = 1']),
    ...transaction({ pid: 3, vxid: '3/1', application: 'two' }, 5, ['begin', 'update a set n = 1', 'commit']),
  ];
  const found = await find(give(csvLog([...lines, { ...aborted, pid: 1, vxid: '1/1', application: 'web' }])));
  expect(found.kept).toBe(1);
  expect(scopesOf(found)).toEqual({
    'one: update b': { writes: ['b'], appends: [], reads: ['a'] },
    'two: update a': { writes: ['a'], appends: [], reads: [] },
  });
});

describe('what cannot be told is said', () => {
  const unkeptOf = async (lines: readonly Line[]): Promise<unknown> => (await find(give(csvLog(lines)))).unkept;

  test('a statement that names no tables', async () => {
    const lines = transaction(rollup, 0, ['begin', 'call nightly(1)']);
    expect(await unkeptOf([...lines, aborted])).toMatchObject([{ reason: 'unread', means: expect.stringContaining('(call nightly(?))') }]);
  });

  test('a call beside statements that do name tables', async () => {
    give(
      csvLog(
        clash.map((line) =>
          line.message === 'statement: begin' && line.pid === 1 ? { ...line, message: 'statement: select refresh(7)' } : line,
        ),
      ),
    );
    const { code, out } = await ask('--log', 'server.log');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('    and what nobody can tell from: select refresh(?)\n') });
  });

  test('nobody beside it', async () => {
    const before = transaction(loader, 0, ['begin', 'insert into events values (1)', 'commit']);
    const own = transaction(rollup, 5, ['begin', 'update visits set n = (select count(*) from events)']);
    expect(await unkeptOf([...before, ...own, aborted])).toMatchObject([{ reason: 'nobody-beside' }]);
  });

  test('what was rolled back is in nobody’s way', async () => {
    const other = transaction(loader, 0, ['begin', 'insert into events values (1)']);
    const own = transaction(rollup, 3, ['begin', 'update visits set n = (select count(*) from events)']);
    const undone = transaction(loader, 6, ['rollback']);
    expect(await unkeptOf([...other, ...own, ...undone, aborted])).toMatchObject([{ reason: 'nobody-beside' }]);
    const kept = transaction(loader, 6, ['rollback to savepoint s']);
    expect(await unkeptOf([...other, ...own, ...kept, aborted])).toEqual([]);
  });

  test('no statements at all', async () => {
    const found = await find(give(plainLog([aborted], ({ pid }, time) => `${time} [${pid}] `)));
    expect(found).toMatchObject({ conflicts: { all: 1 }, kept: 0, unkept: [{ reason: 'nothing-known', conflicts: 1 }] });
    expect(found.settings).toEqual([
      "log_statement = 'all'",
      "log_line_prefix = '%m [%p] %v %e %q%u@%d %a '",
      "log_min_error_statement = 'error'",
    ]);
    expect(found.remarks).toEqual(expect.arrayContaining([expect.stringContaining('in English alone'), expect.stringContaining('%a')]));
  });

  test('what the jobs read', async () => {
    const found = await find(give(csvLog(clash.filter(({ message }) => !/begin|select|commit/.test(message)))));
    expect(found).toMatchObject({ conflicts: { all: 1 }, settings: ["log_statement = 'all'"] });
    expect(found.remarks).toEqual([expect.stringContaining('It has no SELECT')]);
  });
});

test('when the clock was put back, what ran an hour ago at the same time ran beside nobody', async () => {
  const hourMs = 3_600_000;
  const insert = ['begin', 'insert into events (day) values (1)', 'commit'];
  const before = [...transaction(loader, 600_001, insert), ...transaction(reader, hourMs - 1_000, insert)];
  const after = [
    ...transaction(rollup, 600_000, ['begin', 'select sum(n) from events', 'update visits set n = 1']),
    { ...aborted, at: 600_009 },
  ];
  const found = await find(give(csvLog([...before, ...after])));
  expect(found).toMatchObject({ pairs: [], unkept: [{ reason: 'nobody-beside', conflicts: 1 }] });
  // The same without the hour between.
  expect((await find(give(csvLog([...before.slice(0, 3), ...after])))).pairs).toHaveLength(1);
});

test('a log without conflicts is said to have none, and nothing is written', async () => {
  give(csvLog(clash.slice(0, -1)));
  const { code, out, err } = await ask('--log', 'server.log', '--write', 'giveway.config.ts');
  expect({ code, out }).toEqual({ code: 0, out: '7 entries in one log (csvlog).\nThere is no conflict in it.\n' });
  expect(err).toBe('giveway: there is nothing to advise, so no config was written\n');
});

test('in words, it shows whom, beside whom, over what, and what each should hold', async () => {
  give(csvLog(clash));
  const { out } = await ask('--log', 'server.log');
  expect(out).toBe(`8 entries in one log (csvlog).
1 conflict, at 2026-11-28 03:00:00.009: 1 serialization failure (40001).

ABORTED                  BESIDE                 CONFLICTS  OVER
rollup: update "Visits"  loader: insert events  1          events (read, append)

These scopes would have kept apart 1 of the 1:
  loader: insert events
    appends events
      insert into events (day, n) values (?, …), …
  rollup: update "Visits"
    writes "Visits"
    reads events
      update "Visits" set n = ?
      select sum(n) from events where day = ?

With --write giveway.config.ts these scopes become a config.
`);
});

test('a config is never overwritten, and holds no more than names', async () => {
  give(csvLog(clash));
  expect(await ask('--log', 'server.log', '--write', 'c.ts')).toMatchObject({ code: 0 });
  const config = readFileSync(join(folder, 'c.ts'), 'utf8');
  expect(config).toContain(`'rollup: update "Visits"': { writes: ['"Visits"'], reads: ['events'] },`);
  expect(config).toContain(`  resources: {\n    '"Visits"': {},\n    events: {},\n  },`);
  expect(await ask('--log', 'server.log', '--write', 'c.ts')).toMatchObject({
    code: 73,
    out: '',
    err: expect.stringContaining('is there already'),
  });
  expect(readFileSync(join(folder, 'c.ts'), 'utf8')).toBe(config);
  expect(await ask('--log', 'server.log', '--write', 'c.json')).toMatchObject({ code: 64 });
});

describe('bad input', () => {
  test('an empty log is said to be empty', async () => {
    expect(await find(give(''))).toMatchObject({ conflicts: { all: 0 }, remarks: [expect.stringContaining('server.log is empty.')] });
  });

  test.each([
    ['csvlog', csvLog],
    ['jsonlog', jsonLog],
    ['plain log', (lines: readonly Line[]) => plainLog(lines, full)],
  ])('a %s that was cut at both ends is read but for the ends', async (_, write) => {
    const text = write([...clash, ...clash]);
    const found = await find(give(text.slice(150, -20)));
    expect(found.conflicts.all).toBeGreaterThanOrEqual(1);
    expect(scopesOf(found)).toEqual(scopes);
    expect(found.remarks.join()).toMatch(
      /^(?:(?:One line|\d+ lines) of \S+, beside \d+ entries, (?:is|are) none of a log; (?:it was|they were) left out\.)?$/,
    );
  });

  test('a zipped log that was cut is read as far as it goes', async () => {
    const noise = Array.from({ length: 3_000 }, (_, at): Line => ({ pid: at, at, message: `statement: select ${Math.random()} from t` }));
    const zipped = gzipSync(csvLog([...clash, ...noise]));
    const { conflicts, remarks } = await find(give(zipped.subarray(0, -500)));
    expect(conflicts.all).toBe(1);
    expect(remarks).toContainEqual(expect.stringContaining('ends in the middle of what was zipped'));
  });

  test.each([
    ['binary garbage', Buffer.from([...Array(9_999).keys()].map((at) => (at * 7919) % 251)), 'it is no text'],
    ['another text', 'Dear diary,\ntoday there was no conflict.\n', 'neither csvlog nor jsonlog'],
    ['a zip that is none', Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 'it cannot be read'],
    ['one torn line', '2026-11-28 03:00:00.000 UTC,"a","b",1,"', 'there is no whole line of a log in it'],
  ])('%s is refused with 64', async (_, content, said) => {
    const { code, out, err } = await ask('--log', give(content));
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(said);
    expect(err).toContain('--log');
  });

  test('a file that is not there, and none at all, are refused with 64', async () => {
    expect(await ask('--log', 'nowhere.csv')).toMatchObject({ code: 64, err: expect.stringContaining('nowhere.csv') });
    expect(await ask()).toMatchObject({ code: 64, err: expect.stringContaining('--log') });
    const { err } = await ask('--log', 'nowhere.csv', '--json');
    expect(JSON.parse(err)).toMatchObject({ giveway: 'failed', code: 'ERR_GIVEWAY_INVALID_OPTION' });
    expect((await ask()).err).toBe(
      'giveway: advise was given nothing to read: --log with log files of PostgreSQL, or --database-url with a Redshift\n',
    );
  });

  test('a directory, a device and both sources at once are refused with 64, and say what to do', async () => {
    expect(await ask('--log', '.')).toMatchObject({ code: 64, err: expect.stringMatching(/it is a directory; name the logs in it\n$/) });
    expect(await ask('--log', '/dev/null')).toMatchObject({ code: 64, err: expect.stringMatching(/it is no file; write what comes/) });
    expect(await ask('--log', give(csvLog(clash)), '--database-url', 'redshift://u:secret@h/db')).toMatchObject({
      code: 64,
      err: 'giveway: advise was given both a log and a database: --log with log files of PostgreSQL, or --database-url with a Redshift\n',
    });
  });

  test('a log that is named twice is read once', async () => {
    const name = give(csvLog(clash));
    expect((await find(name, `./${name}`)).conflicts.all).toBe(1);
  });

  test('a config that has no folder is refused with 73, before a long log is read', async () => {
    const answer = await ask('--log', 'nowhere.csv', '--write', 'nowhere/giveway.config.ts');
    expect(answer).toMatchObject({ code: 73, out: '', err: expect.stringMatching(/there is no .*nowhere; nothing is written\n$/) });
  });

  test('a quote that never ends costs no more than what is near it', async () => {
    const torn = csvLog(clash).replace('"statement: begin"', '"statement: begin');
    const { conflicts, remarks } = await find(give(torn + csvLog(clash)));
    expect(conflicts.all).toBeGreaterThanOrEqual(1);
    expect(remarks).toHaveLength(1);
  });
});

test('numbers in names of clients and of stages make no new jobs', async () => {
  const lines = [1, 2, 3].flatMap((n) => {
    const worker = { pid: n, vxid: `${n}/1`, application: `worker ${n}` };
    return transaction(worker, n * 10, ['begin', `insert into stage_2026112${n} select * from events`, 'update visits set n = 1']);
  });
  const found = await find(give(csvLog([...lines, { ...aborted, at: 40, pid: 3, vxid: '3/1' }])));
  expect(scopesOf(found)).toEqual({ 'worker #: insert stage_#; update visits': { writes: ['visits'], appends: [], reads: [] } });
});
