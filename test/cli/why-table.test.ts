import { expect, test } from '@jest/globals';
import { createLocker } from 'giveway';
import { memoryStore } from 'giveway/memory';
import { postgresJournal } from 'giveway/observe';
import { Pool } from 'pg';
import { describeWith } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';
import { ask, besideOn, configure, folder } from './stage.ts';

describeWith('memcached', (service) => {
  const beside = besideOn(service);
  const { hold } = beside;

  test('names the holder, who is next in line, and what to do', async () => {
    await hold({ appends: 'events' }, { job: 'load' });
    const waiting = new AbortController();
    const other = createLocker({ store: beside.store, namespace: service.prefix });
    const wait = other.lock('events', { job: 'rollup', signal: waiting.signal }).catch(() => {});
    let answer = await ask('why', 'events');
    while (!answer.out.includes('next in line')) answer = await ask('why', 'events');
    const json = await ask('why', 'events', '--json');
    waiting.abort();
    await wait;
    await other.close();
    expect(answer.out).toMatch(
      /^events is held\.\n {2}held by load \(append\) on \S+, pid \d+, for .*; ends in \d+m( \d\ds)? at the latest\n/,
    );
    expect(answer.out).toMatch(/\n {2}next in line: rollup \(write\) on \S+, pid \d+, waiting for /);
    expect(answer.out).toContain('giveway unlock events');
    expect(JSON.parse(json.out)).toMatchObject({ holders: [{ state: 'holding' }], waiting: [{ job: 'rollup', state: 'waiting' }] });
  });

  test('without a journal it says how to see the last skips', async () => {
    expect((await ask('why', 'events')).out).toMatch(/\nLast skips: no journal is named\. .* set GIVEWAY_JOURNAL=postgres:/);
    expect(JSON.parse((await ask('why', 'events', '--json')).out)).toMatchObject({
      state: 'free',
      lastSkips: null,
      missing: expect.stringContaining('set GIVEWAY_JOURNAL'),
    });
  });

  test('a journal that does not answer is told; the store still is', async () => {
    const env = { GIVEWAY_JOURNAL: 'postgres://u:secret@127.0.0.1:1/x' };
    const { code, out } = await giveway(['why', 'events'], { cwd: folder, env });
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^events is free\.\nLast skips: the journal could not be read: .*ECONNREFUSED/),
    });
    expect(out).not.toContain('secret');
  });

  test('a listed schema that is in the way is told with the table', async () => {
    const resources = ['analytics.visits', 'analytics.*', 'events', 'public.*'];
    configure({ store: `memcached://${service.url}`, namespace: service.prefix, resources });
    const beside = await hold({ appends: 'analytics.*' }, { job: 'load' });
    expect((await ask('why', 'analytics.visits')).out).not.toContain('analytics.*');
    await beside.unlock();
    await hold('analytics.*', { job: 'vacuum' });
    const { out } = await ask('why', 'Analytics.Visits');
    expect(out).toMatch(
      /^analytics\.visits is free\.\n.*\nWhoever takes analytics\.visits takes its schema with it:\nanalytics\.\* is held\.\n {2}held by vacuum \(write\)/,
    );
    expect(out).toContain("giveway unlock 'analytics.*'");
    expect(out).not.toContain('Nobody holds it');
    expect(JSON.parse((await ask('why', 'analytics.visits', '--json')).out)).toMatchObject({
      resource: 'analytics.visits',
      state: 'free',
      advice: [],
      schema: { resource: 'analytics.*', state: 'held', holders: [{ job: 'vacuum' }] },
    });
    await hold('public.*', { job: 'vacuum' });
    expect((await ask('why', 'events')).out).toContain('public.* is held.');
  });

  test('says so when nobody holds it', async () => {
    expect(await ask('why', 'events')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^events is free\.\n.*\nNobody holds it now/),
    });
  });
});

describeWith('postgres', (service) => {
  test('why tells the last skips from the journal of the fleet: the newest five of that table', async () => {
    const pool = new Pool({ connectionString: service.url });
    const journal = postgresJournal({ pool });
    await journal.createTable();
    const backend = memoryStore();
    const [a, b] = [createLocker({ store: backend }), createLocker({ store: backend.connect() })];
    journal.observe(b);
    const lock = await a.lock(['events', 'visits'], { job: 'backfill\u202e' });
    for (let i = 1; i <= 7; i++) await b.run('events', () => {}, { job: `rollup ${i}` });
    await b.lock('events', { job: 'patient', retry: { maxWaitMs: 1_200 } }).catch(() => {});
    await b.run('visits', () => {}, { job: 'elsewhere' });
    await lock.unlock();
    await Promise.all([a.close(), b.close()]);
    await journal.close();
    await pool.end();
    const why = (...args: string[]): Promise<Answer> =>
      giveway(['why', 'events', '--store', 'memory:', ...args], { cwd: folder, env: { GIVEWAY_JOURNAL: service.url } });
    const { code, out } = await why();
    expect({ code, jobs: [...out.matchAll(/ ago: (patient|rollup \d|elsewhere) on /g)].map(([, job]) => job) }).toEqual({
      code: 0,
      jobs: ['patient', 'rollup 7', 'rollup 6', 'rollup 5', 'rollup 4'],
    });
    expect(out).toMatch(
      new RegExp(
        `patient on \\S+, pid ${process.pid}, was skipped after \\ds of waiting: it was busy, held by backfill\\? \\(write\\) on `,
      ),
    );
    const { lastSkips } = JSON.parse((await why('--json')).out) as { lastSkips: readonly object[] };
    expect(lastSkips).toHaveLength(5);
    expect(lastSkips[0]).toMatchObject({ job: 'patient', reason: 'busy', holders: [{ mode: 'write', pid: process.pid }] });
  });
});
