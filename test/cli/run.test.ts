import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from 'giveway';
import { memcachedStore } from 'giveway/memcached';
import { createJournalTableSql } from 'giveway/observe';
import { Client } from 'pg';
import { recordKey } from '../../src/lock/record/keys.ts';
import { canSpeakTls, certificate, tlsArgs } from '../stores/memcached/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { mayInstall } from '../support/install.ts';
import { hasStopped } from '../support/server-process.ts';
import { memcachedServer, query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type BuiltCli, buildCli, type Ran, type Running, type StartOptions } from './built.ts';

jest.setTimeout(60_000);

let cli: BuiltCli;
let folder: string;
beforeAll(() => {
  cli = buildCli();
  folder = mkdtempSync(join(tmpdir(), 'giveway-run-'));
});
afterAll(() => {
  cli.remove();
  rmSync(folder, { recursive: true, force: true });
});

describeWith('memcached', (service) => {
  let locker: ResourceLocker;
  let store: ReturnType<typeof memcachedStore>;
  beforeAll(() => {
    store = memcachedStore({ servers: service.url, timeoutMs: 5_000 });
    locker = createLocker({ store, namespace: 'giveway', job: 'the test', closesStore: true });
  });
  afterAll(() => locker.close());
  const held: { unlock(): Promise<boolean> }[] = [];
  afterEach(async () => void (await Promise.all(held.splice(0).map((lock) => lock.unlock()))));

  async function hold(table: string): Promise<void> {
    held.push(await locker.lock(table));
  }

  /** With a deadline that a busy machine meets. */
  function start(args: readonly string[], options?: StartOptions): Running {
    return cli.start(['run', '--store', `memcached://${service.url}?timeoutMs=5000`, ...args], options);
  }
  const run = (args: readonly string[], options?: StartOptions): Promise<Ran> => start(args, options).ended;
  const shell = (script: string): string[] => ['--', 'sh', '-c', script];

  test("the command's own exit code passes through, and the table is free afterwards", async () => {
    const table = uniqueName();
    expect(await run(['--write', table, ...shell('echo out; echo err >&2; exit 3')])).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await locker.inspect(table)).toEqual([]);
  });

  test('an answer that nobody takes is an end; one that the disk has no room for is a fault', async () => {
    writeFileSync(join(folder, 'giveway.config.json'), '{ "store": "memory:", "resources": ["events"] }');
    const shown = async (to: string): Promise<{ code: unknown; said: string }> => {
      const child = spawn('sh', ['-c', `"$@" ${to}`, 'sh', process.execPath, cli.main, 'status'], { cwd: folder });
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
      return { code, said };
    };
    expect(await shown('| true')).toEqual({ code: 0, said: '' });
    expect(await shown('> /dev/full')).toEqual({
      code: 70,
      said: 'giveway: stdout cannot be written: ENOSPC: no space left on device, write\n',
    });
    rmSync(join(folder, 'giveway.config.json'));
  });

  test('where the working directory is gone, it says so in one line', async () => {
    const gone = join(folder, uniqueName());
    const script = `mkdir ${gone} && cd ${gone} && rmdir ${gone} && exec "$@"`;
    const child = spawn('sh', ['-c', script, 'sh', process.execPath, cli.main, 'run', '--write', 'events', '--', 'true']);
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, said }).toEqual({ code: 70, said: expect.stringMatching(/^giveway: ENOENT.*\n$/) });
  });

  test('a command that a signal ended exits with 128 + n', async () => {
    expect((await run(['--write', uniqueName(), ...shell('kill -9 $$')])).code).toBe(137);
    expect((await run(['--write', uniqueName(), ...shell('kill -15 $$')])).code).toBe(143);
  });

  test('a command that is not there exits with 127, one that is no program with 126', async () => {
    const missing = await run(['--write', uniqueName(), '--', join(folder, 'nothing')]);
    expect(missing).toMatchObject({
      code: 127,
      stderr: `giveway: cannot execute ${join(folder, 'nothing')}: there is no such program, in PATH or at that place; a whole line of shell is written sh -c "…"\n`,
    });
    const file = join(folder, 'text');
    writeFileSync(file, 'text');
    expect(await run(['--write', uniqueName(), '--', file])).toMatchObject({
      code: 126,
      stderr: expect.stringMatching(/^giveway: cannot execute .*text: it may not be executed: no rights \(chmod \+x\), or a directory\n$/),
    });
  });

  test('a busy table skips the command with 75, and says who holds it', async () => {
    const table = uniqueName();
    await hold(table);
    const skipped = await run(['--write', table, ...shell('echo ran')]);
    expect(skipped).toMatchObject({ code: 75, stdout: '' });
    expect(skipped.stderr).toMatch(
      new RegExp(`^giveway: skipped: ${table} is held by the test on .* \\(pid ${process.pid}, write, .*\\)\n$`),
    );
  });

  test('whoever comes to a line is told its place', async () => {
    const table = uniqueName();
    const lock = await locker.lock(table, { job: 'the test' });
    const first = start(['--write', table, '--wait', '50s', ...shell('true')]);
    await first.says('waiting: ');
    const second = start(['--write', table, '--wait', '50s', '--json', ...shell('true')]);
    await second.says('"waiting"');
    await lock.unlock();
    expect(await first.ended).toMatchObject({ code: 0 });
    const { code, stderr } = await second.ended;
    expect({ code, told: JSON.parse(stderr) }).toMatchObject({
      code: 0,
      told: {
        giveway: 'waiting',
        message: expect.stringMatching(
          /^waiting at place 2 in line: .* is held by the test on .*; waited for by sh on .* in line at place 1\)$/,
        ),
        place: 2,
        holders: [{ state: 'holding' }, { state: 'waiting', place: 1 }],
      },
    });
  });

  test('-E changes the code for busy, --skip-ok makes it 0, --quiet keeps silent, --json speaks to programs', async () => {
    const table = uniqueName();
    await hold(table);
    const [other, fine, json] = await Promise.all([
      run(['--write', table, '-E', '9', '--', 'true']),
      run(['--write', table, '--skip-ok', '--quiet', '--', 'true']),
      run(['--write', table, '--json', '--', 'true']),
    ]);
    expect(other.code).toBe(9);
    expect(fine).toEqual({ code: 0, stdout: '', stderr: '' });
    const told = JSON.parse(json.stderr) as { holders: object[] };
    expect(told).toMatchObject({ giveway: 'skipped', resource: table, holders: [{ job: 'the test', pid: process.pid }] });
    expect(told.holders[0]).not.toHaveProperty('token');
  });

  test('with --wait it waits, then runs', async () => {
    const table = uniqueName();
    await hold(table);
    const waiting = start(['--write', table, '--wait', '50s', ...shell('echo ran')]);
    await waiting.says('waiting: ');
    await held.pop()?.unlock();
    expect(await waiting.ended).toMatchObject({ code: 0, stdout: 'ran\n' });
  });

  test('with --wait it gives up in the end', async () => {
    const table = uniqueName();
    await hold(table);
    expect(await run(['--write', table, '--wait', '300ms', ...shell('echo ran')])).toMatchObject({
      code: 75,
      stdout: '',
      stderr: expect.stringContaining('giveway: gave up: '),
    });
  });

  test('appends go together, a write goes with nobody', async () => {
    const table = uniqueName();
    held.push(await locker.lock({ appends: table }));
    const [append, write] = await Promise.all([run(['--append', table, '--', 'true']), run(['--write', table, '--', 'true'])]);
    expect([append.code, write.code]).toEqual([0, 75]);
  });

  test('the command learns its token, resources and latest end', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    const { stdout } = await run(['--write', `${b},${a}`, '--max-hold', '2h', ...shell('env')]);
    const env = new Map(stdout.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string]));
    expect(env.get('GIVEWAY_RESOURCES')).toBe(`${a},${b}`);
    expect(env.get('GIVEWAY_TOKEN')).toMatch(/^[0-9a-f]{32}$/);
    const leftMs = Date.parse(env.get('GIVEWAY_EXPIRES_AT') ?? '') - Date.now();
    expect(leftMs).toBeGreaterThan(7_100_000);
    expect(leftMs).toBeLessThanOrEqual(7_200_000);
    expect(env.has('GIVEWAY_FENCE')).toBe(false); // memcached has none
  });

  test('the command learns no token where nothing is locked', async () => {
    const script = ['run', '--write', 'events', ...shell('echo "$GIVEWAY_RESOURCES $GIVEWAY_TOKEN"')];
    const { code, stdout } = await cli.start(script, { env: { GIVEWAY_DISABLED: '1' } }).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'events \n' });
  });

  test('stdin and 1 MB of output pass through untouched', async () => {
    const input = randomBytes(2 ** 19).toString('hex');
    const { code, stdout, stderr } = await run(['--write', uniqueName(), '--', 'cat'], { input });
    expect({ code, stderr, length: stdout.length, isSame: stdout === input }).toEqual({
      code: 0,
      stderr: '',
      length: 2 ** 20,
      isSame: true,
    });
  });

  test('SIGTERM reaches the command and its children, and its exit code still counts', async () => {
    const script =
      'trap "echo parent; wait; exit 42" TERM; sh -c \'trap "echo child; exit" TERM; echo ready; while :; do sleep 0.05; done\' & wait';
    const running = start(['--write', uniqueName(), ...shell(script)]);
    await running.says('ready');
    running.process.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(42);
    expect(stdout.split('\n').sort()).toEqual(['', 'child', 'parent', 'ready']);
  });

  test('what the command leaves in the background outlives the lock', async () => {
    const table = uniqueName();
    const { code, stdout } = await run(['--write', table, '--', 'sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!']);
    const pid = Number(stdout);
    expect(code).toBe(0);
    const other = await run(['--write', table, '--', 'true']);
    expect(process.kill(pid)).toBe(true); // it was still there
    expect(other.code).toBe(0);
  });

  test('SIGTSTP, as of Ctrl-Z, stops the command too; with SIGCONT both go on', async () => {
    const [table, ticks] = [uniqueName(), join(folder, uniqueName())];
    const script = `while [ ! -e ${ticks}.end ]; do echo >> ${ticks}; echo tick; sleep 0.02; done; exit 4`;
    const running = start(['--write', table, ...shell(script)]);
    await running.says('tick');
    running.process.kill('SIGTSTP');
    let before: string;
    do {
      before = readFileSync(ticks, 'utf8');
      await sleep(200);
    } while (!hasStopped(running.process.pid ?? 0) || readFileSync(ticks, 'utf8') !== before);
    writeFileSync(`${ticks}.end`, '');
    running.process.kill('SIGCONT');
    expect(await running.ended).toMatchObject({ code: 4, stderr: '' });
  });

  test('SIGINT while it waits ends it with 130, and nothing has run', async () => {
    const table = uniqueName();
    await hold(table);
    const waiting = start(['--write', table, '--wait', '50s', ...shell('echo ran')]);
    await waiting.says('waiting: ');
    waiting.process.kill('SIGINT');
    expect(await waiting.ended).toMatchObject({ code: 130, stdout: '' });
  });

  test('a lock that is lost while the command runs: TERM, and 76', async () => {
    const table = uniqueName();
    const running = start([
      '--write',
      table,
      '--ttl',
      '1s',
      ...shell('trap "echo asked to end; exit 0" TERM; echo ready; while :; do sleep 0.05; done'),
    ]);
    await running.says('ready');
    await removeRecord(table);
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 76, stdout: 'ready\nasked to end\n' });
    expect(stderr).toMatch(/^giveway: Lost the lock on ".*": .*Stopping the command\.\n/); // the shell may add its own word
  });

  test('one that does not heed TERM is killed after the grace, with its children', async () => {
    const table = uniqueName();
    const script = 'trap "" TERM; (while :; do sleep 0.05; done) & echo ready; while :; do sleep 0.05; done';
    const running = start(['--write', table, '--ttl', '1s', '--grace', '200ms', ...shell(script)]);
    await running.says('ready');
    await removeRecord(table);
    expect((await running.ended).code).toBe(76); // "ended" means that nobody holds its stdout any more
  });

  test('--max-hold ends the command too', async () => {
    const { code, stderr } = await run(['--write', uniqueName(), '--max-hold', '1s', '--', 'sleep', '50']);
    expect({ code, stderr }).toEqual({ code: 76, stderr: expect.stringContaining('as long as maxHoldMs allows. A longer --max-hold, ') });
  });

  test('a lock that was gone before the command ended is told, and the code is the command’s', async () => {
    const table = uniqueName();
    const running = start(['--write', table, ...shell(`echo ready; while [ ! -e ${join(folder, table)} ]; do sleep 0.05; done; exit 4`)]);
    await running.says('ready');
    await removeRecord(table);
    writeFileSync(join(folder, table), '');
    expect(await running.ended).toMatchObject({ code: 4, stderr: expect.stringContaining('others may have run beside it') });
  });

  test('an unlisted table and a wrong config are refused with 64', async () => {
    writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: `memcached://${service.url}`, resources: ['events'] }));
    const unlisted = await cli.start(['run', '--write', 'evnts', '--', 'true'], { cwd: folder }).ended;
    expect(unlisted).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/^giveway: "evnts" is not a listed resource; did you mean "events"\?.*\n$/),
    });
    const wrong = await cli.start(['run', '--write', 'events', '--config', 'none.json', '--', 'true'], { cwd: folder }).ended;
    expect(wrong.code).toBe(64);
  });

  test('fifty processes that wait for one table run strictly one at a time, and all end', async () => {
    const [table, journal] = [uniqueName(), join(folder, uniqueName())];
    const script = `echo + >> ${journal}; sleep 0.01; echo - >> ${journal}`;
    const all = await Promise.all(Array.from({ length: 50 }, () => run(['--write', table, '--wait', '55s', '-q', ...shell(script)])));
    expect(all.filter(({ code }) => code !== 0)).toEqual([]);
    expect(readFileSync(journal, 'utf8')).toBe('+\n-\n'.repeat(50));
  });

  test('status --watch draws again until a signal, without colours where nobody looks', async () => {
    const table = uniqueName();
    const watching = cli.start(['status', table, '--watch', '--store', `memcached://${service.url}?timeoutMs=5000`]);
    await watching.says(`${table}`.padEnd(table.length + 2).concat('free'));
    await hold(table);
    await watching.says(' the test ');
    watching.process.kill('SIGINT');
    const { code, stdout, stderr } = await watching.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('\u001b');
  });

  test('status --watch --json speaks JSON alone, of a store that is down too', async () => {
    const watching = cli.start(['status', 'events', '--watch', '--json', '--store', 'memcached://127.0.0.1:1']);
    await watching.says('failed');
    watching.process.kill('SIGINT');
    const { code, stdout, stderr } = await watching.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(JSON.parse(stderr.split('\n')[0] ?? '')).toMatchObject({ giveway: 'failed', code: 'ERR_GIVEWAY_STORE_UNAVAILABLE' });
  });

  test('unlock --yes removes the lock though nobody reads what it says', async () => {
    const table = uniqueName();
    await hold(table);
    const unlocking = cli.start(['unlock', table, '--yes', '--store', `memcached://${service.url}?timeoutMs=5000`]);
    unlocking.process.stdout?.destroy();
    await unlocking.ended;
    expect(await locker.inspect(table)).toEqual([]);
  });

  (canSpeakTls() || mayInstall() ? test : test.skip)('doctor sees through TLS what it sees without', async () => {
    const server = await memcachedServer(tlsArgs(certificate()));
    const env = { NODE_EXTRA_CA_CERTS: certificate().certPath };
    const { code, stdout, stderr } = await cli.start(['doctor', '--store', `memcacheds://${server.url}?timeoutMs=5000`], { env }).ended;
    await server.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const check of ['version', 'cas', 'eviction', 'uptime', 'clock', 'use']) expect(stdout).toContain(`  ${check}: `);
  });

  async function removeRecord(table: string): Promise<void> {
    const key = recordKey('giveway', undefined, table);
    for (;;) {
      const entry = await store.read(key);
      if (entry === undefined || (await store.remove(key, entry.version))) return;
    }
  }
});

describeWith('postgres', (service) => {
  test('the command learns its fence where the store has one', async () => {
    const url = new URL(service.url);
    url.searchParams.set('createTable', 'true');
    url.searchParams.set('timeoutMs', '5000');
    const fence = async (): Promise<number> => {
      const { stdout } = await cli.start(['run', '--store', url.href, '--write', 'events', '--', 'sh', '-c', 'echo $GIVEWAY_FENCE']).ended;
      return Number(stdout);
    };
    const first = await fence();
    expect(first).toBeGreaterThan(0);
    expect(await fence()).toBeGreaterThan(first);
  });
});

describeWith('postgres', (service) => {
  test('GIVEWAY_JOURNAL: what ran and what was skipped is in the journal of the fleet, and `why` tells of it', async () => {
    const store = new URL(service.url);
    store.searchParams.set('createTable', 'true');
    store.searchParams.set('timeoutMs', '5000');
    await query(service.url, createJournalTableSql('shell_journal'));
    const giveway = (command: string, ...args: string[]): Running =>
      cli.start([command, '--store', store.href, '--journal-table', 'shell_journal', ...args], { env: { GIVEWAY_JOURNAL: service.url } });
    const long = giveway('run', '--write', 'events', '--job', 'loader', '--', 'sh', '-c', 'echo runs; sleep 30');
    await long.says('runs');
    expect((await giveway('run', '--write', 'events', '--job', 'rollup', '--', 'true').ended).code).toBe(75);
    const busy = await giveway('why', 'events').ended;
    expect(busy.stdout).toMatch(/^events is held\.\n {2}held by loader \(write\)/);
    expect(busy.stdout).toMatch(
      /\nLast skips:\n {2}\d+m?s ago: rollup on \S+, pid \d+, was skipped: it was busy, held by loader \(write\) on /,
    );
    long.process.kill('SIGTERM');
    expect((await long.ended).code).toBe(143);
    expect(await rowsOf(service.url, 'select kind, job, outcome from shell_journal order by kind')).toEqual([
      { kind: 'hold', job: 'loader', outcome: 'released' },
      { kind: 'skip', job: 'rollup', outcome: 'busy' },
    ]);
  });

  test('a journal that cannot be written is told at the end, and changes nothing else', async () => {
    const run = (journal: string): Promise<Ran> =>
      cli.start(['run', '--store', 'memory:', '--write', 'events', '--', 'echo', 'ran'], { env: { GIVEWAY_JOURNAL: journal } }).ended;
    const [missing, dead, wrong] = await Promise.all([
      run(service.url),
      run('postgres://u:secret@127.0.0.1:1/x'),
      run('mysql://u:secret@db/x'),
    ]);
    expect(missing).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(missing.stderr).toMatch(
      /^giveway: the journal could not be written: relation "giveway_journal" does not exist \(postgres:.*\); giveway init --create-tables makes it$/m,
    );
    expect(dead).toMatchObject({ code: 0, stdout: 'ran\n', stderr: expect.stringContaining('ECONNREFUSED') });
    expect(wrong).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining('GIVEWAY_JOURNAL: received "mysql://***@db/x"') });
    expect(`${dead.stderr}${wrong.stderr}`).not.toContain('secret');
  });
});

describe('installed elsewhere than beside the config, as with --global', () => {
  const extensions = ['ts', 'mjs', 'js'] as const;
  const place = (): string => mkdtempSync(join(folder, 'plain-'));

  test.each(extensions)('init, then check: giveway.config.%s finds giveway/config in the package that runs', async (extension) => {
    const cwd = place();
    expect(await cli.start(['init', '--file', `giveway.config.${extension}`], { cwd }).ended).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout, stderr } = await cli.start(['check'], { cwd }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`giveway.config.${extension}`);
  });

  test.each(extensions)('.%s: stores too, and files that the config imports', async (extension) => {
    const cwd = place();
    writeFileSync(join(cwd, `store.${extension}`), "import { memoryStore } from 'giveway/memory';\nexport const store = memoryStore;\n");
    writeFileSync(
      join(cwd, `giveway.config.${extension}`),
      `import { createLocker } from 'giveway';
      import { defineConfig } from 'giveway/config';
      import { store } from './store.${extension}';
      export default defineConfig({ store, namespace: createLocker.name });`,
    );
    const { code, stdout, stderr } = await cli.start(['status', '--json'], { cwd }).ended;
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  });

  test('what the package does not have is still missing', async () => {
    const cwd = place();
    writeFileSync(join(cwd, 'giveway.config.mjs'), "import 'giveway/nothing';\nexport default {};\n");
    const { code, stderr } = await cli.start(['check'], { cwd }).ended;
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(/\(file\): could not be loaded: Cannot find .*giveway/) });
  });
});

test('a config that waits for what never comes is a fault, and no success of a command that did not run', async () => {
  const config = join(folder, 'endless.mjs');
  writeFileSync(config, 'await new Promise(() => {});\nexport default { store: "memory:" };\n');
  expect(await cli.start(['run', '--config', config, '--write', 'events', '--', 'echo', 'ran']).ended).toEqual({
    code: 70,
    stdout: '',
    stderr: expect.stringMatching(/^giveway: it waits for something that can no longer come, [^\n]*\n$/),
  });
});

test('a store that excludes nobody else is told, in one line that --quiet leaves', async () => {
  const line = /^giveway: the store is memory, .*excludes no other process.*\n$/;
  const args = ['run', '--store', 'memory:', '--write', 'events'];
  for (const flags of [[], ['--quiet']])
    expect(await cli.start([...args, ...flags, '--', 'true']).ended).toMatchObject({ code: 0, stderr: expect.stringMatching(line) });
  const { stderr } = await cli.start([...args, '--json', '--', 'true']).ended;
  expect(JSON.parse(stderr)).toMatchObject({ giveway: 'excludes-nobody' });
  expect((await cli.start([...args, '--', 'true'], { env: { GIVEWAY_DISABLED: '1' } }).ended).stderr).toBe('');
});

describe('a store that is down', () => {
  let dead: string;
  beforeAll(async () => {
    dead = `memcached://127.0.0.1:${await freePort()}`;
  });

  test('exits with 69 and runs nothing', async () => {
    const { code, stdout, stderr } = await cli.start(['run', '--store', dead, '--write', 'events', '--', 'echo', 'ran']).ended;
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toMatch(/^giveway: .*could not connect.*\n$/);
  });

  test('--on-store-down run, or a config that says so, runs without a lock and without a token', async () => {
    const script = ['--write', 'events', '--', 'sh', '-c', 'echo "$GIVEWAY_RESOURCES $GIVEWAY_TOKEN"'];
    const asked = await cli.start(['run', '--store', dead, '--on-store-down', 'run', ...script]).ended;
    expect(asked).toEqual({
      code: 0,
      stdout: 'events \n',
      stderr: expect.stringMatching(/^giveway: running without a lock: [^\n]*could not connect[^\n]*\n$/),
    });
    const file = join(folder, 'dead.json');
    writeFileSync(file, JSON.stringify({ store: dead, onStoreDown: 'run' }));
    expect((await cli.start(['run', '--config', file, ...script]).ended).code).toBe(0);
    expect((await cli.start(['run', '--config', file, '--on-store-down', 'exit', ...script]).ended).code).toBe(69);
  });
});

async function rowsOf(connectionString: string, sql: string): Promise<readonly object[]> {
  const client = new Client({ connectionString });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}
