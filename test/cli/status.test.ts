import { expect, test } from '@jest/globals';
import { createLocker } from 'giveway';
import { loadLocker } from 'giveway/config';
import { firePrefix } from '../../src/lock/plan/names.ts';
import { describeWith } from '../support/shared.ts';
import { ask, besideOn, configure, folder } from './stage.ts';

describeWith('memcached', (service) => {
  const beside = besideOn(service);
  const { hold, keyOf } = beside;

  test('shows every listed resource, free or held, with who holds it', async () => {
    await hold({ writes: 'events', appends: 'visits' }, { job: 'load', maxHoldMs: 600_000 });
    const { code, out } = await ask('status');
    expect(code).toBe(0);
    const [heading, events, users, visits] = out.trimEnd().split('\n');
    expect(heading).toMatch(/^RESOURCE +STATE +MODE +JOB +HOST +PID +AGE +ENDS$/);
    expect(events).toMatch(new RegExp(`^events +held +write +load +\\S+ +${process.pid} +\\S+ +in (10m|9m 5\\ds) at the latest$`));
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
    const limited = createLocker({ store: beside.store, namespace: service.prefix, resources });
    const end = new AbortController();
    const waits = (job: string, mode: 'writes' | 'appends'): Promise<unknown> => {
      const waiting = new Promise((resolve) => limited.on('waiting', (event) => event.job === job && resolve(undefined)));
      limited.lock({ [mode]: 'events' }, { job, signal: end.signal, retry: { maxWaitMs: 60_000 } }).catch(() => {});
      return waiting;
    };
    const locks = [await limited.lock({ appends: 'events' }, { job: 'a' }), await limited.lock({ appends: 'events' }, { job: 'b' })];
    await waits('first', 'writes');
    const other = createLocker({ store: beside.store, namespace: service.prefix });
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
    expect(why.out).toMatch(/\n {2}next in line: first \(write\) .*\n {2}place 2 in line: second \(write\) on \S+, pid \d+, waiting for /);
  });

  test('a name of another writer fills no line', async () => {
    await hold('events');
    const entry = await beside.store.read(keyOf('events'));
    if (entry === undefined) throw new Error('not held');
    const grown = entry.value.replace('"host":"', `"host":"${'x'.repeat(5_000)}`);
    await beside.store.replace(keyOf('events'), grown, entry.version, 30_000);
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
    await beside.store.create(keyOf('users'), 'garbage', 5_000);
    const { out } = await ask('status', '--json');
    expect((JSON.parse(out) as { state: string }[]).map(({ state }) => state)).toEqual(['min-hold', 'unreadable', 'free']);
    for (const name of ['users', 'events']) {
      const entry = await beside.store.read(keyOf(name));
      if (entry !== undefined) await beside.store.remove(keyOf(name), entry.version);
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

describeWith('postgres', (service) => {
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
});
