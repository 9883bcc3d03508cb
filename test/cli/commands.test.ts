import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLocker, type Lock, type ResourceLocker } from 'giveway';
import { loadConfig, loadLocker } from 'giveway/config';
import { memcachedStore } from 'giveway/memcached';
import { memoryStore } from 'giveway/memory';
import { postgresJournal } from 'giveway/observe';
import { Pool } from 'pg';
import { firePrefix } from '../../src/lock/plan/names.ts';
import { recordKey } from '../../src/lock/record/keys.ts';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-commands-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const configure = (config: object): void => writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify(config));
const ask = (...args: string[]): Promise<Answer> => giveway(args, { cwd: folder });

describeWith('memcached', (service) => {
  let store: ReturnType<typeof memcachedStore>;
  let locker: ResourceLocker;
  const locks: Lock[] = [];
  beforeAll(() => {
    store = memcachedStore({ servers: service.url });
    locker = createLocker({ store, namespace: service.prefix, closesStore: true });
  });
  afterAll(() => locker.close());
  beforeEach(() => {
    configure({ store: `memcached://${service.url}`, namespace: service.prefix, resources: ['events', 'visits', 'users'] });
  });
  afterEach(async () => void (await Promise.all(locks.splice(0).map((lock) => lock.unlock()))));
  const hold = async (...args: Parameters<ResourceLocker['lock']>): Promise<Lock> => {
    const lock = await locker.lock(...args);
    locks.push(lock);
    return lock;
  };
  const keyOf = (name: string): string => recordKey(service.prefix, undefined, name);

  describe('status', () => {
    test('shows every listed resource, free or held, with who holds it', async () => {
      await hold({ writes: 'events', appends: 'visits' }, { job: 'load', maxHoldMs: 600_000 });
      const { code, out } = await ask('status');
      expect(code).toBe(0);
      const [heading, events, users, visits] = out.trimEnd().split('\n');
      expect(heading).toMatch(/^RESOURCE +STATE +MODE +JOB +HOST +PID +AGE +ENDS$/);
      expect(events).toMatch(new RegExp(`^events +held +write +load +\\S+ +${process.pid} +\\S+ +in (10m|9m 59s) at the latest$`));
      expect(users).toMatch(/^users +free$/);
      expect(visits).toMatch(/^visits +held +append +load /);
    });

    test('as JSON, without the token', async () => {
      const { token } = await hold('events', { job: 'load' });
      const { out } = await ask('status', 'events', 'PUBLIC.Users', '--json');
      expect(JSON.parse(out)).toMatchObject([
        { resource: 'events', state: 'held', holders: [{ mode: 'write', job: 'load', pid: process.pid }] },
        { resource: 'users', state: 'free', holders: [] },
      ]);
      expect(out).not.toContain(token);
    });

    test('how many hold a table with limits, and the place of everybody in line', async () => {
      const resources = { events: { limits: { appends: 2 } } };
      const limited = createLocker({ store, namespace: service.prefix, resources });
      const end = new AbortController();
      const waits = (job: string, mode: 'writes' | 'appends'): Promise<unknown> => {
        const waiting = new Promise((resolve) => limited.on('waiting', (event) => event.job === job && resolve(undefined)));
        limited.lock({ [mode]: 'events' }, { job, signal: end.signal, retry: { maxWaitMs: 60_000 } }).catch(() => {});
        return waiting;
      };
      const locks = [await limited.lock({ appends: 'events' }, { job: 'a' }), await limited.lock({ appends: 'events' }, { job: 'b' })];
      await waits('first', 'writes');
      const other = createLocker({ store, namespace: service.prefix });
      const second = other.lock('events', { job: 'second', signal: end.signal, retry: { maxWaitMs: 60_000 } }).catch(() => {});
      let seen = await ask('status', 'events');
      while (!seen.out.includes('place 2')) seen = await ask('status', 'events');
      const [json, why, whyJson] = [
        await ask('status', 'events', '--json'),
        await ask('why', 'events'),
        await ask('why', 'events', '--json'),
      ];
      end.abort();
      await second;
      await Promise.all(locks.map((lock) => lock.unlock()));
      await Promise.all([limited.close(), other.close()]);

      expect(seen.out.trimEnd().split('\n').slice(1)).toEqual([
        expect.stringMatching(/^events +held +append \(2 of 2\) +a +.* at the latest$/),
        expect.stringMatching(/^events +held +append \(2 of 2\) +b +.* at the latest$/),
        expect.stringMatching(/^events +waiting +write +first +.* place 1 in line$/),
        expect.stringMatching(/^events +waiting +write +second +.* place 2 in line$/),
      ]);
      const inJson = {
        places: { taken: 2, limit: 2 },
        holders: [{ job: 'a', limit: 2 }, { job: 'b' }],
        waiting: [
          { job: 'first', place: 1 },
          { job: 'second', place: 2 },
        ],
      };
      expect(JSON.parse(json.out)).toMatchObject([inJson]);
      expect(JSON.parse(whyJson.out)).toMatchObject(inJson);
      expect(why.out).toMatch(/^events is held \(2 of 2\)\.\n {2}held by a .*\n {2}held by b /);
      expect(why.out).toMatch(
        /\n {2}next in line: first \(write\) .*\n {2}place 2 in line: second \(write\) on \S+, pid \d+, waiting for /,
      );
    });

    test('a name of another writer fills no line', async () => {
      await hold('events');
      const entry = await store.read(keyOf('events'));
      if (entry === undefined) throw new Error('not held');
      const grown = entry.value.replace('"host":"', `"host":"${'x'.repeat(5_000)}`);
      await store.replace(keyOf('events'), grown, entry.version, 30_000);
      for (const command of ['status', 'why'])
        for (const line of (await ask(command, 'events')).out.split('\n')) expect(line.length).toBeLessThan(600);
      await ask('unlock', 'events', '--yes');
    });

    test('what it cannot see is told to programs too, beside their JSON', async () => {
      configure({ store: `memcached://${service.url}`, namespace: service.prefix });
      const { code, out, err } = await ask('status', '--json');
      expect({ code, out, said: JSON.parse(err) }).toEqual({
        code: 0,
        out: '[]\n',
        said: { giveway: 'tables-not-seen', message: expect.stringMatching(/^This store cannot list its keys/) },
      });
    });

    test('a job cannot paint the terminal', async () => {
      await hold('events', { job: '\u001b[2J\u202eevil\u0007\n<b>' });
      const { out } = await ask('status', 'events');
      expect(out).toContain('?[2J?evil??<b>');
    });

    test('min-hold, and records that cannot be read, are not free', async () => {
      await (await hold('events', { minHoldMs: 5_000 })).unlock();
      await store.create(keyOf('users'), 'garbage', 5_000);
      const { out } = await ask('status', '--json');
      expect((JSON.parse(out) as { state: string }[]).map(({ state }) => state)).toEqual(['min-hold', 'unreadable', 'free']);
      for (const name of ['users', 'events']) {
        const entry = await store.read(keyOf(name));
        if (entry !== undefined) await store.remove(keyOf(name), entry.version);
      }
    });

    test('one server of several that is down hides no lock of the others', async () => {
      const servers = `memcached://${service.url},127.0.0.1:1`;
      const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
      configure({ store: servers, namespace: service.prefix });
      const seen = await ask('status', ...names, '--json');
      const states = new Set((JSON.parse(seen.out) as { state: string }[]).map(({ state }) => state));
      expect(states).toEqual(new Set(['free', 'unknown']));
      expect({ code: seen.code, failure: JSON.parse(seen.err) }).toMatchObject({
        code: 69,
        failure: { giveway: 'failed', code: expect.stringMatching(/^ERR_GIVEWAY_STORE/), message: expect.stringContaining('127.0.0.1:1') },
      });
      expect(await ask('status', ...names)).toMatchObject({ code: 69, out: expect.stringMatching(/^t\d+ +unknown$/m) });
    });

    test('refuses a name that is not listed, and says that the store is down', async () => {
      expect(await ask('status', 'evnts')).toMatchObject({ code: 64, err: expect.stringContaining('did you mean "events"?') });
      const file = ['--config', 'giveway.config.json'];
      expect(await ask('status', ...file, '--store', 'memcached://127.0.0.1:1')).toMatchObject({ code: 69, out: '' });
    });
  });

  describe('why', () => {
    test('names the holder, who is next in line, and what to do', async () => {
      await hold({ appends: 'events' }, { job: 'load' });
      const waiting = new AbortController();
      const other = createLocker({ store, namespace: service.prefix });
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

  describe('unlock', () => {
    test('shows the holder and asks; only yes removes', async () => {
      const lock = await hold('events', { job: 'load' });
      const questions: string[] = [];
      const answering = (reply: string, ...flags: string[]): Promise<Answer> =>
        giveway(['unlock', 'events', ...flags], {
          cwd: folder,
          reply: (question) => {
            questions.push(question);
            return reply;
          },
        });
      const shown = expect.stringMatching(/^events: load \(write\) on .*\n$/);
      expect(await answering('')).toEqual({ code: 75, out: 'Kept.\n', err: shown });
      expect(await answering('', '--json')).toMatchObject({ code: 75, err: shown });
      expect(await store.read(keyOf('events'))).toBeDefined();
      expect(await answering('y')).toMatchObject({ code: 0, out: expect.stringContaining('Removed. events is free.') });
      expect(questions).toEqual(Array(3).fill('Remove the lock on events? [y/N] '));
      expect(await store.read(keyOf('events'))).toBeUndefined();
      expect(await lock.unlock()).toBe(false);
    });

    test('never removes the lock of a newer holder', async () => {
      const first = await hold('events');
      const { code, out } = await giveway(['unlock', 'events'], {
        cwd: folder,
        reply: async () => {
          await first.unlock();
          await hold('events', { job: 'newer' });
          return 'yes';
        },
      });
      expect({ code, out }).toEqual({ code: 75, out: expect.stringContaining('somebody else holds it by now') });
      expect(await locker.inspect('events')).toMatchObject([{ job: 'newer' }]);
    });

    test('a lock that was let go in the meantime needs no removal', async () => {
      const lock = await hold('events');
      const letGo = async (): Promise<string> => {
        await lock.unlock();
        return 'y';
      };
      const { code, out } = await giveway(['unlock', 'events'], { cwd: folder, reply: letGo });
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Nothing to remove: events is free by now.') });
    });

    test('a heartbeat between the question and the answer does not save the holder', async () => {
      const lock = await hold('events');
      const { code } = await giveway(['unlock', 'events'], {
        cwd: folder,
        reply: async () => {
          expect(await lock.extend()).toBe(true);
          return 'y';
        },
      });
      expect(code).toBe(0);
      expect(await store.read(keyOf('events'))).toBeUndefined();
    });

    test('a record that cannot be read is removed as it was shown, or not at all', async () => {
      await store.create(keyOf('events'), 'garbage', 60_000);
      const change = async (): Promise<string> => {
        const entry = await store.read(keyOf('events'));
        if (entry !== undefined) await store.replace(keyOf('events'), 'other garbage', entry.version, 60_000);
        return 'y';
      };
      expect((await giveway(['unlock', 'events'], { cwd: folder, reply: change })).code).toBe(75);
      expect((await ask('unlock', 'events', '--yes', '--if-older-than', '0s')).code).toBe(75);
      expect((await ask('unlock', 'events', '--yes')).code).toBe(0);
    });

    test('--if-older-than keeps what is younger, --yes asks nobody', async () => {
      await hold('events');
      const young = await ask('unlock', 'events', '--yes', '--if-older-than', '10m', '--json');
      expect({ ...young, out: JSON.parse(young.out) }).toMatchObject({ code: 75, out: { outcome: 'kept', resource: 'events' } });
      expect(await ask('unlock', 'events', '--yes', '--if-older-than', '0s')).toMatchObject({ code: 0 });
      expect(await ask('unlock', 'events', '--yes')).toMatchObject({ code: 0, out: 'events is free.\n' });
    });

    test('where nobody can be asked, it needs --yes', async () => {
      await hold('events');
      expect(await ask('unlock', 'events')).toMatchObject({ code: 64, err: expect.stringContaining('--yes') });
      const { code, out, err } = await ask('unlock', 'events', '--json');
      expect({ code, out, failure: JSON.parse(err) }).toMatchObject({ code: 64, out: '', failure: { giveway: 'failed' } });
      expect(await store.read(keyOf('events'))).toBeDefined();
    });
  });
});

describe('check', () => {
  test('shows the settings in force', async () => {
    configure({
      store: 'redis://user:secret@cache/0',
      resources: { events: { ttlMs: 5_000, maxHoldMs: 'Infinity' }, 'a.b': {} },
      ttlMs: 60_000,
    });
    const { code, out } = await ask('check');
    expect(code).toBe(0);
    expect(out).toMatch(/^store +redis:\/\/\*\*\*@cache\/0$/m);
    expect(out).toMatch(/^events +5s +no limit +0ms +skip +10s +run\*$/m);
    expect(out).toMatch(/^a\.b +1m +5m\* +/m);
    expect(out).toMatch(/\n\* where nothing is set\. giveway run: max hold 1h, store down exit\. .*: max hold 1h\.\n$/);
    const summary = JSON.parse((await ask('check', '--json')).out);
    expect(summary).toMatchObject({
      store: 'redis://***@cache/0',
      resources: {
        events: { ttlMs: 5_000, maxHoldMs: 'Infinity', inGivewayRun: { maxHoldMs: 'Infinity', onStoreDown: 'throw' } },
        'a.b': { maxHoldMs: 300_000, onStoreDown: 'run', inGivewayRun: { maxHoldMs: 3_600_000 } },
      },
    });
    configure({ store: 'memory:', maxHoldMs: 300_000, onStoreDown: 'run' });
    expect((await ask('check')).out).toMatch(/^\(any other\) +30s +5m +0ms +skip +10s +run\n$/m);
  });

  test('warns of names that 0.1.0 read otherwise', async () => {
    configure({
      store: 'memory:',
      database: 'dev',
      resources: { VENTE_ÉTÉ: {}, ' a.b': {}, 'dev.c.d': {}, [`${'x'.repeat(64)}`]: {}, 'PUBLIC."events"': {} },
      environments: { production: { resources: ['"É"', 'visits'] } },
    });
    const { code, out } = await ask('check');
    expect(code).toBe(0);
    expect(out).toContain('Warning: giveway 0.1.0 reads these names otherwise.');
    expect(out).toMatch(/^ {2}VENTE_ÉTÉ +vente_été +"vente_ÉtÉ"$/m);
    expect(JSON.parse((await ask('check', '--json')).out).changedNames).toEqual([
      { written: 'VENTE_ÉTÉ', before: 'vente_été', now: '"vente_ÉtÉ"' },
      { written: ' a.b', before: ' a.b', now: 'a.b' },
      { written: 'dev.c.d', before: 'dev.c.d', now: 'c.d' },
      { written: 'x'.repeat(64), before: 'x'.repeat(64), now: 'x'.repeat(63) },
    ]);
    configure({ store: 'memory:', resources: ['Events', 'public.visits', '"Order"', 'a/B'] });
    expect((await ask('check')).out).not.toContain('Warning');
  });

  test('tells every problem at once, and exits with 64', async () => {
    configure({ store: 'memcache://x', ttl: 3, resources: { events: { ttlMs: 1 } } });
    const { code, out, err } = await ask('check');
    expect({ code, out }).toEqual({ code: 64, out: '' });
    for (const path of ['store', 'ttl', 'resources.events.ttlMs']) expect(err).toContain(`\n  ${path}: `);
  });

  test('with --json a failure is one line of JSON too', async () => {
    configure({ store: 'memcached://127.0.0.1:1', ttlMs: 5 });
    for (const command of [['check'], ['status'], ['run', '--write', 'events', '--', 'true']]) {
      const { code, out, err } = await ask(command[0] ?? '', '--json', ...command.slice(1));
      expect({ code, out, failure: JSON.parse(err) }).toEqual({
        code: 64,
        out: '',
        failure: { giveway: 'failed', code: 'ERR_GIVEWAY_CONFIG', message: expect.stringContaining('ttlMs') },
      });
    }
  });

  test('a wrong flag is called by its name, alone or above the problems of a config', async () => {
    const wrong = /--store: received "memcache:\/\/x".*did you mean "memcached"/.source;
    expect(await ask('check', '--store', 'memcache://x')).toMatchObject({
      code: 64,
      err: expect.stringMatching(new RegExp(`^giveway: ${wrong}[^\n]*\n$`)),
    });
    configure({ ttlMs: 5, environments: { production: {} } });
    const file = ['--config', 'giveway.config.json'];
    const { err } = await ask('check', ...file, '--store', 'memcache://x', '--env', 'prodution');
    expect(err).toMatch(new RegExp(`^giveway: ${folder}/giveway.config.json:\n(?:  .*\n)*  ${wrong}`));
    expect(err).toMatch(/^ {2}--env: received "prodution"; .*did you mean "production"/m);
  });

  test('a --store that cannot be opened is called by that name, one of GIVEWAY_STORE by that', async () => {
    const store = 'memcached://127.0.0.1:1?timeoutMs=1';
    expect(await ask('status', 'events', '--store', store)).toMatchObject({
      code: 64,
      err: expect.stringMatching(/^giveway: --store: could not be opened: timeoutMs: received 1;/),
    });
    const env = { GIVEWAY_STORE: store };
    expect((await giveway(['status', 'events'], { cwd: folder, env })).err).toMatch(/\n {2}GIVEWAY_STORE: could not be opened: timeoutMs/);
  });

  test('where the store is named, a config that lies here is not read, unless it is named too; and it says so', async () => {
    configure({ store: 'memory:', namespace: 'of-the-file' });
    const unread = (by: string): string =>
      `giveway: giveway.config.json is not read, since ${by} names the store; --config giveway.config.json reads it too\n`;
    const { out, err } = await ask('check', '--store', 'memory:');
    expect(err).toBe(unread('--store'));
    expect(out).toMatch(/^config +none: variables and flags only\n(.*\n)*keys +giveway:…\n/);
    const env = { GIVEWAY_STORE: 'memory:' };
    expect((await giveway(['check'], { cwd: folder, env })).err).toBe(unread('GIVEWAY_STORE'));
    expect(JSON.parse((await giveway(['check', '--json'], { cwd: folder, env })).err)).toMatchObject({
      giveway: 'config-not-read',
      file: 'giveway.config.json',
    });
    for (const asked of [
      { args: ['check', '--config', 'giveway.config.json'], env },
      { args: ['check'], env: { ...env, GIVEWAY_CONFIG: 'giveway.config.json' } },
    ]) {
      const answer = await giveway(asked.args, { cwd: folder, env: asked.env });
      expect(answer).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^keys +of-the-file:…$/m) });
    }
  });

  test('without any config it says where it looked', async () => {
    expect(await ask('check')).toMatchObject({ code: 64, err: expect.stringContaining('No giveway config found') });
  });
});

describe('init', () => {
  test('writes a config that loads, and refuses to overwrite it', async () => {
    expect(await ask('init', '--store', 'memcached://cache:11211', '--file', 'giveway.config.json')).toMatchObject({ code: 0 });
    expect((await loadConfig({ cwd: folder, env: {} })).store.label).toBe('memcached://cache:11211');
    const before = readFileSync(join(folder, 'giveway.config.json'), 'utf8');
    for (const file of ['giveway.config.json', 'giveway.config.ts', 'other.mjs']) {
      expect(await ask('init', '--file', file)).toMatchObject({ code: 73, err: expect.stringContaining('is there already') });
    }
    expect(readFileSync(join(folder, 'giveway.config.json'), 'utf8')).toBe(before);
  });

  test.each(['giveway.config.ts', 'giveway.config.json'])('%s leaves giveway run its hour', async (file) => {
    await ask('init', '--store', 'memory:', '--file', file);
    const summary = (await ask('check', '--config', file, '--json')).out;
    expect(JSON.parse(summary)).toMatchObject({ others: { ttlMs: 30_000, inGivewayRun: { maxHoldMs: 3_600_000 } } });
  });

  test('refuses a store that no config may name', async () => {
    expect(await ask('init', '--store', 'memcache://user:secret@cache:11211')).toMatchObject({
      code: 64,
      out: '',
      err: expect.stringMatching(/^giveway: --store: received "memcache:\/\/\*\*\*@cache:11211"; .*memcached:/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('keeps credentials out of the file', async () => {
    expect(await ask('init', '--store', 'redis://user:secret@cache')).toMatchObject({
      code: 0,
      err: expect.stringContaining('GIVEWAY_STORE'),
    });
    expect(readFileSync(join(folder, 'giveway.config.ts'), 'utf8')).not.toContain('secret');
  });

  test('names the commands that find what it wrote', async () => {
    mkdirSync(join(folder, 'etc'));
    const next = async (file: string): Promise<string> => (await ask('init', '--file', file)).out.replace(/^.*Next: /, '');
    expect(await next("it's locks.json")).toBe(
      "giveway check --config 'it'\\''s locks.json', giveway doctor --config 'it'\\''s locks.json'.\n",
    );
    expect(await next('etc/giveway.config.json')).toContain('giveway check --config etc/giveway.config.json, ');
    expect(await next('giveway.config.mjs')).toBe('giveway check, giveway doctor.\n');
  });

  test('refuses a file that no config can be', async () => {
    expect(await ask('init', '--file', 'giveway.yaml')).toMatchObject({ code: 64 });
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

  test('status shows what a store lists that the config does not: tables by their names, and no keys of our own making', async () => {
    const store = `${service.url}${service.url.includes('?') ? '&' : '?'}createTable=true`;
    const locker = await loadLocker({ cwd: folder, env: {}, overrides: { store } });
    const locks = [await locker.lock({ writes: ['pgvisits'], appends: ['reporting.Revenue/ACME'] }, { job: 'load' })];
    locks.push(await locker.lock(`${firePrefix}nightly:1`));
    const names = async (): Promise<string[]> =>
      (JSON.parse((await ask('status', '--store', store, '--json')).out) as { resource: string }[]).map(({ resource }) => resource);
    expect(await names()).toEqual(['pgvisits', 'reporting.revenue/acme']);
    expect((await ask('status', '--store', store)).out).toMatch(/^pgvisits +held +write +load /m);
    let isExamined = false;
    const examination = ask('doctor', '--store', store).finally(() => {
      isExamined = true;
    });
    while (!isExamined) expect(await names()).toEqual(['pgvisits', 'reporting.revenue/acme']);
    expect((await examination).code).toBe(0);
    for (const lock of locks) await lock.unlock();
    await locker.close();
    expect(await ask('status', '--store', store)).toMatchObject({ code: 0, out: expect.stringMatching(/^Nothing is locked/) });
  });

  test('a missing table: says what a command line can do about it', async () => {
    const { code, err } = await ask('status', 'events', '--store', `${service.url}${service.url.includes('?') ? '&' : '?'}table=not_there`);
    expect({ code, err }).toEqual({
      code: 69,
      err: expect.stringMatching(/no table not_there\. Run giveway init --create-tables, .*\n(.*\n)*create table/),
    });
    expect(err).not.toContain('createTable()');
  });

  test('init lists the tables of a database, quoted as the database folds them', async () => {
    const tables = [uniqueName(), `"Mixed ${uniqueName()}"`, `"it's ${uniqueName()}"`];
    for (const table of tables) await query(service.url, `create table ${service.prefix}.${table} (id int)`);
    expect(await ask('init', '--database-url', service.url)).toMatchObject({ code: 0, err: '' });
    const text = readFileSync(join(folder, 'giveway.config.ts'), 'utf8');
    expect(text).not.toContain(service.url);
    const listed = [...text.matchAll(/^ {4}'(.*)': \{\},$/gm)].map(([, name = '']) => name.replace(/\\(.)/g, '$1'));
    expect(listed).toEqual(expect.arrayContaining(tables.map((table) => `${service.prefix}.${table}`)));
    writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: 'memory:', resources: listed }));
    rmSync(join(folder, 'giveway.config.ts'));
    expect((await ask('check')).code).toBe(0);
  });

  test('init lists all that can be written to, a materialised view too, and what cannot be not', async () => {
    const [table, view, rows, parts, part] = [uniqueName(), uniqueName(), uniqueName(), uniqueName(), uniqueName()];
    const at = service.prefix;
    await query(service.url, `create table ${at}.${table} (id int)`);
    await query(service.url, `create view ${at}.${view} as select 1 as one`);
    await query(service.url, `create materialized view ${at}.${rows} as select id from ${at}.${table}`);
    await query(service.url, `create table ${at}.${parts} (id int) partition by list (id)`);
    await query(service.url, `create table ${at}.${part} partition of ${at}.${parts} for values in (1)`);
    await query(service.url, `create temporary table ${uniqueName()} (id int)`);
    const { out } = await ask('init', '--database-url', service.url, '--json');
    const { tables } = JSON.parse(out) as { tables: readonly string[] };
    expect(tables).toEqual(expect.arrayContaining([table, rows, parts, part].map((name) => `${at}.${name}`)));
    expect(tables).not.toContain(`${at}.${view}`);
    expect(tables.filter((name) => /^(pg_|information_schema\.)/.test(name))).toEqual([]);
  });

  test('init says so when the database is not there', async () => {
    expect(await ask('init', '--database-url', 'postgres://u:secret@127.0.0.1:1/x')).toMatchObject({
      code: 70,
      err: expect.stringMatching(/^giveway: --database-url: postgres:\/\/\*\*\*@127\.0\.0\.1:1\/x .*ECONNREFUSED/),
    });
  });
});
