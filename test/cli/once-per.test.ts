import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createLocker } from 'giveway';
import { memcachedStore } from 'giveway/memcached';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type BuiltCli, buildCli, type Ran } from './built.ts';

jest.setTimeout(60_000);

let cli: BuiltCli;
beforeAll(() => {
  cli = buildCli();
});
afterAll(() => cli.remove());

describeWith('memcached', (service) => {
  /** As a host whose crontab starts it. With a deadline that a busy machine meets. */
  const host = (name: string, args: readonly string[]): Promise<Ran> =>
    cli.start(['run', '--store', `memcached://${service.url}?timeoutMs=5000`, ...args], { env: { GIVEWAY_HOST: name } }).ended;
  const command = ['--', 'sh', '-c', 'echo ran "[$GIVEWAY_RESOURCES]"'];

  test('of three hosts that start it at once one runs it, and so does one of those whose clocks are late', async () => {
    const rollup = ['--once-per', '5m', '--name', uniqueName(), '--slot-hold', '40s', ...command];
    const runs = await Promise.all(['a', 'b', 'c'].map((name) => host(name, rollup)));
    runs.push(await host('late', rollup));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(runs.filter(({ stdout }) => stdout === 'ran []\n')).toHaveLength(1);
    expect(runs[3]?.stderr).toMatch(/^giveway: another took this fire: \S+ on [abc], pid \d+, at \d{4}-\S+Z\n$/);
  });

  test('the fire comes again when the slot is over', async () => {
    const rollup = ['--once-per', '2s', '--name', uniqueName(), ...command];
    const runs = [await host('a', rollup)];
    // Memcached counts whole seconds: a slot of one may last up to four.
    for (const endMs = Date.now() + 20_000; runs.at(-1)?.stdout === '' || runs.length === 1; ) {
      expect(Date.now()).toBeLessThan(endMs);
      runs.push(await host('b', rollup));
    }
    expect(runs.filter(({ stdout }) => stdout !== '')).toHaveLength(2);
  });

  test('with tables: the fire first, then the tables; a busy table is a skip', async () => {
    const locker = createLocker({ store: memcachedStore({ servers: service.url, timeoutMs: 5_000 }), closesStore: true });
    const table = uniqueName();
    const rollup = (): string[] => ['--once-per', '5m', '--name', uniqueName(), '--write', table, ...command];
    expect(await host('a', rollup())).toMatchObject({ code: 0, stdout: `ran [${table}]\n` });
    await locker.lock(table);
    expect(await host('a', rollup())).toMatchObject({ code: 75, stdout: '' });
    await locker.close();
  });
});

test('what says no fire is refused', async () => {
  for (const [args, message] of [
    [['--once-per', '5m'], '--once-per needs a --name'],
    [['--name', 'rollup', '--write', 'events'], '--name and --slot-hold go with --once-per'],
    [['--once-per', '1s', '--name', 'rollup'], 'A duration from 2s'],
    [
      ['--once-per', '10s', '--name', 'rollup', '--slot-hold', '6s'],
      '--slot-hold: received "6s"; at most 5s, half of --once-per, is allowed',
    ],
    [['--once-per', '5m', '--name', 'rollup', '--wait', '5s'], '--wait is about tables'],
  ] as const) {
    const { code, stderr } = await cli.start(['run', '--store', 'memory:', ...args, '--', 'true']).ended;
    expect([code, stderr]).toEqual([64, expect.stringContaining(message)]);
  }
});
