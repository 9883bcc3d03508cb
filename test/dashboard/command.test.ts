import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createLocker } from 'giveway';
import { loadLocker } from 'giveway/config';
import { memoryStore } from 'giveway/memory';
import { postgresJournal } from 'giveway/observe';
import { Pool } from 'pg';
import { runCli } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { PastView, View } from '../../src/dashboard/view.ts';
import { giveway } from '../cli/in-process.ts';
import { describeWith } from '../support/shared.ts';

interface Started {
  /** Its first line on stdout or, where it ends without one, what it said on stderr. */
  readonly said: Promise<string>;
  /** What it has said on stderr so far. */
  warned(): string;
  readonly code: Promise<number>;
}

/** Runs `giveway dashboard …`, without a config. */
function start(args: readonly string[], env: Record<string, string> = {}): Started {
  let code: Promise<number> | undefined;
  let errors = '';
  const said = new Promise<string>((resolve) => {
    const terminal: Terminal = {
      env: { GIVEWAY_STORE: 'memory:', ...env },
      cwd: '/',
      isWatched: false,
      canAsk: false,
      write: resolve,
      writeError: (text) => {
        errors += text;
      },
      ask: async () => '',
      style: (_, text) => text,
    };
    code = runCli(['dashboard', ...args], terminal, () => '').finally(() => resolve(errors));
  });
  return { said, warned: () => errors, code: code as unknown as Promise<number> };
}

test('giveway dashboard serves until a signal, and shows what the store lists', async () => {
  const { said, code } = start(['--port', '0', '--json']);
  const { url } = JSON.parse(await said) as { url: string };
  expect(await (await fetch(`${url}api/view`)).json()).toMatchObject({ tables: [], canUnlock: false });
  process.emit('SIGTERM');
  expect(await code).toBe(0);
});

test('giveway dashboard says where it cannot listen', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const taken = start(['--port', String(port)]);
  expect([await taken.code, taken.warned()]).toEqual([
    64,
    `giveway: --port: received ${port}; it is in use on 127.0.0.1; name another, or 0 for a free one\n`,
  ]);
  other.close();
  const elsewhere = start(['--port', '0', '--host', '192.0.2.1'], { GIVEWAY_DASHBOARD_TOKEN: 'correct horse battery staple' });
  expect([await elsewhere.code, elsewhere.warned()]).toEqual([
    64,
    'giveway: --host: received "192.0.2.1"; an address of this machine is allowed\n',
  ]);
});

test('giveway dashboard with a token asks for it; without one it stays on loopback', async () => {
  const { said, code } = start(['--port', '0', '--json'], { GIVEWAY_DASHBOARD_TOKEN: 'correct horse battery staple' });
  const { url } = JSON.parse(await said) as { url: string };
  expect((await fetch(url)).status).toBe(401);
  process.emit('SIGTERM');
  expect(await code).toBe(0);
  const refused = start(['--port', '0', '--host', '0.0.0.0']);
  expect(await refused.said).toMatch(/host: .*token/);
  expect(await refused.code).toBe(64);
});

describeWith('memcached', (service) => {
  test('where the store lists nothing and no table is named, giveway dashboard and status say so', async () => {
    const env = { GIVEWAY_STORE: `memcached://${service.url}`, GIVEWAY_NAMESPACE: service.prefix };
    const locker = await loadLocker({ cwd: '/', env });
    await using lock = await locker.lock('visits');
    const { said, warned, code } = start(['--port', '0', '--json'], env);
    const { url } = JSON.parse(await said) as { url: string };
    expect(await (await fetch(`${url}api/view`)).json()).toMatchObject({ tables: [], listsAll: false });
    expect(JSON.parse(warned())).toEqual({
      giveway: 'tables-not-seen',
      message: expect.stringMatching(/^this store cannot list its keys.*GIVEWAY_JOURNAL/),
    });
    process.emit('SIGTERM');
    expect(await code).toBe(0);
    const { code: statusCode, out } = await giveway(['status'], { env });
    expect({ statusCode, out }).toEqual({
      statusCode: 0,
      out: expect.stringMatching(/^This store cannot list its keys.*giveway status events/),
    });
    await lock.unlock();
    await locker.close();
  });
});

/** `rollup` on `visits`. */
async function journalOneRun(connectionString: string, table: string): Promise<void> {
  const pool = new Pool({ connectionString });
  const journal = postgresJournal({ pool, table });
  await journal.createTable();
  const locker = createLocker({ store: memoryStore(), job: 'rollup' });
  journal.observe(locker);
  await locker.run('visits', () => {});
  await locker.close();
  await journal.close();
  await pool.end();
}

describeWith('postgres', (service) => {
  test('giveway dashboard shows the past of the fleet from the journal that GIVEWAY_JOURNAL names', async () => {
    await journalOneRun(service.url, 'past');
    const { said, code } = start(['--port', '0', '--json', '--journal-table', 'past'], { GIVEWAY_JOURNAL: service.url });
    const { url } = JSON.parse(await said) as { url: string };
    expect(await (await fetch(`${url}api/view`)).json()).toMatchObject({
      tables: [{ resource: 'visits', state: 'free' }],
      hasJournal: true,
      store: 'memory:',
    });
    expect(await (await fetch(`${url}api/past?lastMs=3600000`)).json()).toMatchObject({
      lanes: [{ resource: 'visits', holds: 1 }],
      jobs: [{ job: 'rollup', runs: 1 }],
    });
    process.emit('SIGTERM');
    expect(await code).toBe(0);
  });

  test('giveway dashboard draws ahead when the jobs of the config fire, and for how long they usually hold', async () => {
    await journalOneRun(service.url, 'ahead');
    const folder = mkdtempSync(join(tmpdir(), 'giveway-dashboard-'));
    const file = join(folder, 'giveway.config.json');
    writeFileSync(file, JSON.stringify({ store: 'memory:', jobs: { rollup: { cron: '* * * * *', writes: ['visits'] } } }));
    const { said, code } = start(['--port', '0', '--json', '--journal-table', 'ahead', '--config', file], { GIVEWAY_JOURNAL: service.url });
    const { url } = JSON.parse(await said) as { url: string };
    const { ahead, problems } = (await (await fetch(`${url}api/past?lastMs=3600000`)).json()) as PastView;
    expect(problems).toEqual([]);
    expect(ahead.length).toBeGreaterThan(1);
    for (const { table, job, fromMs, toMs } of ahead) {
      expect({ table, job, second: (fromMs / 1_000) % 60 }).toEqual({ table: 'visits', job: 'rollup', second: 0 });
      expect(toMs - fromMs).toBeLessThan(5_000); // as it was seen, not what is taken for unseen jobs
    }
    process.emit('SIGTERM');
    expect(await code).toBe(0);
    rmSync(folder, { recursive: true });
  });

  test('giveway dashboard shows what the store lists, also what this config does not list', async () => {
    const store = `${service.url}${service.url.includes('?') ? '&' : '?'}createTable=true`;
    const locker = await loadLocker({ cwd: '/', env: {}, overrides: { store, job: 'rollup' } });
    const lock = await locker.lock('pgvisits');
    const folder = mkdtempSync(join(tmpdir(), 'giveway-dashboard-'));
    const file = join(folder, 'giveway.config.json');
    // More than are shown, and all of them before it by name.
    const listed = Array.from({ length: 250 }, (_, index) => `events${index}`);
    writeFileSync(file, JSON.stringify({ store, resources: listed }));
    const { said, code } = start(['--port', '0', '--json', '--config', file], { GIVEWAY_STORE: '' });
    const { url } = JSON.parse(await said) as { url: string };
    const { tables, ...view } = (await (await fetch(`${url}api/view`)).json()) as View;
    expect(view).toMatchObject({ problems: [], listsAll: true, tablesLeftOff: 51 });
    expect(tables.find(({ resource }) => resource === 'events0')).toMatchObject({ state: 'free' });
    expect(tables.find(({ resource }) => resource === 'pgvisits')).toMatchObject({ state: 'held', holders: [{ job: 'rollup' }] });
    process.emit('SIGTERM');
    expect(await code).toBe(0);
    await lock.unlock();
    await locker.close();
    rmSync(folder, { recursive: true });
  });
});
