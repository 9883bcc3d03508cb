import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postgresJournal } from 'giveway/observe';
import { postgresStore } from 'giveway/postgres';
import { Pool } from 'pg';
import { adviceFor } from '../../src/cli/advice.ts';
import { failureText } from '../../src/cli/failure.ts';
import { skipsInWords } from '../../src/cli/skip-words.ts';
import { jsonLine, printable, printableName } from '../../src/cli/terminal.ts';
import { evil, heldByEvil, unprintable } from '../support/names-of-others.ts';
import { describeWith } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';

/** A line has a few names, of 200 characters and the sign that they were cut. */
const longestLine = 1_000;

const looksHarmless = (text: string): void => {
  for (const line of text.split('\n')) {
    expect(line).not.toMatch(unprintable);
    expect(line.length).toBeLessThan(longestLine);
  }
};

test('a name is cut and cannot act on a terminal; a line of ours keeps its length', () => {
  looksHarmless(printableName(evil));
  expect(printableName(evil)).toMatch(/^\?\[2J\?2J\?evil\?\?\?x{180,}…$/);
  expect(printableName('\ud83e\udd86 é 表')).toBe('\ud83e\udd86 é 表');
  expect(printable(`it says ${'é'.repeat(500)}\u001b[2J \ud800`)).toBe(`it says ${'é'.repeat(500)}?[2J ?`);
});

test('a command to copy is what a shell takes for one name', () => {
  for (const name of [
    'events/a;rm -rf ~',
    'events/$(id)',
    'events/a&b|c',
    "it's",
    'analytics.*',
    'events/`id`',
    '"A""b"',
    'a/#b',
    'a/>b',
    'événements',
  ]) {
    const sight = { resource: name, state: 'unreadable', holders: [], waiting: [], version: undefined } as const;
    const [advice = ''] = adviceFor(sight, 0);
    const [, word = ''] = /giveway unlock (.*) removes it/.exec(advice) ?? [];
    expect(execFileSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' })).toBe(name);
  }
});

test('JSON says the same with escapes, in one line', () => {
  const line = jsonLine({ evil, tag: '\u{e0001}' });
  expect(line.slice(0, -1)).not.toMatch(unprintable);
  expect(JSON.parse(line)).toEqual({ evil, tag: '\u{e0001}' });
});

test('a reason that ends in a full stop has one', () => {
  for (const missing of ['no journal is named', 'the journal could not be read: The database is shutting down.'])
    expect(skipsInWords({ missing }, 0).join()).toMatch(/^Last skips: .*[^.]\.$/);
});

test('what a server says in an error is one line for each of its lines', () => {
  const text = failureText(new Error(`refused: \u001b[2J\u202e\nsecond`), false);
  expect(text).toBe('giveway: refused: ?[2J?\nsecond\n');
  expect(failureText(new Error('\u009b2J'), true).slice(0, -1)).not.toMatch(unprintable);
});

describeWith('postgres', (service) => {
  let folder: string;
  let pool: Pool;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'giveway-names-'));
    writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: service.url, resources: ['events', 'visits'] }));
    pool = new Pool({ connectionString: service.url });
    const store = postgresStore({ connectionString: service.url });
    await store.createTable();
    await heldByEvil(store, 'giveway:events');
    await heldByEvil(store, 'giveway:visits', { job: '', host: '' });
    await store.close();
    const journal = postgresJournal({ pool });
    await journal.createTable();
    const seen = JSON.stringify({
      holders: [{ resource: 'events', mode: 'write', job: evil, host: evil, pid: 7, since: new Date(), state: 'holding' }],
    });
    await pool.query(
      `insert into giveway_journal (id, kind, resource, job, host, pid, started_at, ended_at, latest_end, outcome, waited_ms, details)
       values ('1', 'skip', 'events', $1, $1, 9, now(), now(), now(), 'busy', 0, $2)`,
      [evil.replaceAll('\0', ''), seen.replaceAll('\\u0000', '')],
    );
  });
  afterAll(async () => {
    await pool.end();
    rmSync(folder, { recursive: true });
  });
  const ask = (...args: string[]): Promise<Answer> => giveway(args, { cwd: folder, env: { GIVEWAY_JOURNAL: service.url } });

  test.each([
    ['status', 'events'],
    ['why', 'events'],
    ['unlock', 'events', '--yes', '--if-older-than', '1d'],
    ['run', '--write', 'events', '--', 'true'],
  ])('%s shows names of others short, and on one line', async (...args) => {
    const answer = await ask(...args);
    const said = answer.out + answer.err;
    expect(said).toContain('[2J');
    looksHarmless(said);
    const flags = args[0] === 'run' ? ['run', '--json', ...args.slice(1)] : [...args, '--json'];
    const { out, err } = await ask(...flags);
    expect(out + err).toContain('[2J');
    for (const line of (out + err).split('\n')) {
      expect(line).not.toMatch(unprintable);
      expect(line.length).toBeLessThan(4 * longestLine);
    }
  });

  test('a holder that says neither its job nor its host is no hole in a line', async () => {
    expect((await ask('status', 'visits')).out).toMatch(/^visits +held +write +- +- +7 /m);
    expect((await ask('why', 'visits')).out).toMatch(/held by a job without a name \(write\) on an unknown host, pid 7, /);
  });
});
