/** A flag that would do nothing is refused by name: who writes it believes in what it says. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { giveway } from './in-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-idle-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const configure = (config: object): void => writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify(config));

const journal = { GIVEWAY_JOURNAL: 'postgres://127.0.0.1:1/x' };
const onceAlone = ['run', '--store', 'memory:', '--once-per', '5m', '--name', 'rollup'];

test.each<[readonly string[], Record<string, string>, string]>([
  [['report', '--env', 'x'], journal, "unknown option '--env'; giveway report --help lists what it takes"],
  [['report', '--config', 'x.json'], journal, "unknown option '--config'"],
  [['report', '--store', 'memory:'], journal, "unknown option '--store'"],
  [['advise', '--config', 'x.json', '--log', 'a'], {}, "unknown option '--config'"],
  [['advise', '--env', 'x', '--log', 'a'], {}, "unknown option '--env'"],
  [['advise', '--store', 'redis://u:secret@h', '--log', 'a'], {}, '--store: received "redis://***@h"; it goes with --write'],
  [['advise', '--database-url', 'redshift://h/x', '--log-line-prefix', '%m'], {}, '--log-line-prefix: received "%m"; it goes with --log'],
  [['init', '--config', 'x.json'], {}, '--config: received "x.json"; it goes with --create-tables'],
  [['init', '--env', 'x'], {}, '--env: received "x"; it goes with --create-tables'],
  [['init', '--env', 'x', '--create-tables', '--store', 'memory:'], {}, '--env: received "x"; it goes with a config that is there'],
  [['init', '--config', 'x.json', '--create-tables', '--store', 'memory:'], {}, '--config: received "x.json"; a file that is there'],
  [['init', '--journal-table', 'x'], {}, '--journal-table: received "x"; it goes with --create-tables'],
  [['why', 'events', '--store', 'memory:', '--journal-table', 'x'], {}, '--journal-table: received "x"; it goes with the journal'],
  [['dashboard', '--store', 'memory:', '--journal-table', 'x'], {}, '--journal-table: received "x"; it goes with the journal'],
  [[...onceAlone, '--journal-retention', '1h', 'true'], {}, '--journal-retention: received "1h"; it goes with the journal'],
  [[...onceAlone, '--ttl', '1m', 'true'], {}, '--ttl is about tables'],
  [[...onceAlone, '-E', '1', 'true'], {}, '--conflict-exit-code is about tables'],
  [[...onceAlone, '--skip-ok', 'true'], {}, '--skip-ok is about tables'],
  [['forecast', '--backtest', '7d', '--days', '3'], journal, "'--days <number>' cannot be used with option '--backtest <duration>'"],
  [['forecast', '--backtest', '7d', '--history', '3d'], journal, "'--history <duration>' cannot be used with option '--backtest"],
  [['forecast', '--backtest', '7d', '--hours'], journal, "'--hours' cannot be used with option '--backtest"],
  [['forecast', '--history', '3d'], {}, '--history: received "3d"; it goes with the journal that GIVEWAY_JOURNAL names'],
])('%j is refused', async (args, env, said) => {
  const { code, out, err } = await giveway(args, { cwd: folder, env });
  expect({ code, out, err }).toEqual({ code: 64, out: '', err: expect.stringContaining(said) });
  expect(err).not.toContain('secret');
  expect(readdirSync(folder)).toEqual([]);
});

describe('--env', () => {
  test('of a config without environments', async () => {
    configure({ store: 'memory:' });
    for (const command of ['check', 'status', 'doctor']) {
      expect(await giveway([command, '--env', 'production'], { cwd: folder })).toEqual({
        code: 64,
        out: '',
        err: 'giveway: --env: received "production"; there are no `environments` to choose from\n',
      });
    }
    // It is set for all programs of an environment.
    expect(await giveway(['check'], { cwd: folder, env: { GIVEWAY_ENV: 'production' } })).toMatchObject({ code: 0 });
  });

  test('where no config is read, since the store is named', async () => {
    configure({ store: 'memory:', environments: { production: {} } });
    const check = (args: readonly string[], env = {}) => giveway(['check', '--env', 'production', ...args], { cwd: folder, env });
    const refused = { code: 64, out: '', err: expect.stringMatching(/^giveway: --env: received "production"; it goes with a config, /) };
    expect(await check(['--store', 'memory:'])).toEqual(refused);
    expect(await check([], { GIVEWAY_STORE: 'memory:' })).toEqual(refused);
    expect(await check(['--store', 'memory:', '--config', 'giveway.config.json'])).toMatchObject({ code: 0, err: '' });
  });
});
