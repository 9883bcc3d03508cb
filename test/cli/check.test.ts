import { expect, test } from '@jest/globals';
import { giveway } from './in-process.ts';
import { ask, configure, folder } from './stage.ts';

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

test('the footnote is about what is starred, and nothing else', async () => {
  const footnote = async (settings: object): Promise<string | undefined> => {
    configure({ store: 'memory:', ...settings });
    return /^\* .*$/m.exec((await ask('check')).out)?.[0];
  };
  expect(await footnote({ maxHoldMs: 'Infinity' })).toBe('* where nothing is set. giveway run: store down exit.');
  expect(await footnote({ onStoreDown: 'run' })).toBe(
    '* where nothing is set. giveway run, schedules, @Locked and BullMQ processors: max hold 1h.',
  );
  expect(await footnote({})).toBe(
    '* where nothing is set. giveway run: max hold 1h, store down exit. Schedules, @Locked and BullMQ processors: max hold 1h.',
  );
  expect(await footnote({ maxHoldMs: 300_000, onStoreDown: 'run' })).toBeUndefined();
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
