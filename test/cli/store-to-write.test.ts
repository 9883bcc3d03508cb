/** Which store a config names that the command writes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { giveway } from './in-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-write-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const begun = 'LOG:  statement: begin isolation level serializable';
/** Two sessions that both write to events, of which one is aborted. */
const log = [
  `2026-11-28 03:00:00.000 UTC [11] a@db load ${begun}`,
  `2026-11-28 03:00:00.100 UTC [12] a@db rollup ${begun}`,
  '2026-11-28 03:00:00.200 UTC [11] a@db load LOG:  statement: update events set x = 1',
  '2026-11-28 03:00:00.300 UTC [12] a@db rollup LOG:  statement: update events set x = 2',
  '2026-11-28 03:00:00.400 UTC [11] a@db load LOG:  statement: commit',
  '2026-11-28 03:00:00.500 UTC [12] a@db rollup ERROR:  could not serialize access due to concurrent update',
  '2026-11-28 03:00:00.500 UTC [12] a@db rollup STATEMENT:  update events set x = 2',
];
const writers: readonly (readonly [string, readonly string[]])[] = [
  ['init', []],
  ['advise', ['--log', 'server.log', '--log-line-prefix', '%m [%p] %q%u@%d %a ', '--write', 'giveway.config.ts']],
];

describe.each(writers)('%s', (command, args) => {
  const write = (more: readonly string[], env = {}) => {
    writeFileSync(join(folder, 'server.log'), `${log.join('\n')}\n`);
    return giveway([command, ...args, ...more], { cwd: folder, env });
  };
  const written = (): string => readFileSync(join(folder, 'giveway.config.ts'), 'utf8');

  test.each<[string, readonly string[], Record<string, string>, string]>([
    ['the usual one', [], {}, "store: 'memcached://localhost:11211',"],
    ['an empty variable is none', [], { GIVEWAY_STORE: '' }, "store: 'memcached://localhost:11211',"],
    ['that of the variable', [], { GIVEWAY_STORE: 'redis://cache:6379' }, "store: 'redis://cache:6379',"],
    ['that of the flag', ['--store', 'sqlite:'], { GIVEWAY_STORE: 'redis://cache:6379' }, "store: 'sqlite:',"],
  ])('%s', async (_, more, env, line) => {
    expect(await write(more, env)).toMatchObject({ code: 0, err: '' });
    expect(written()).toContain(`\n  ${line}\n`);
  });

  test.each<[readonly string[], Record<string, string>, RegExp]>([
    [['--store', 'redis://u:secret@cache'], {}, /^giveway: the store URL holds credentials and was not written; set it in GIVEWAY_STORE/],
    [
      [],
      { GIVEWAY_STORE: 'redis://u:secret@cache' },
      /^giveway: the URL in GIVEWAY_STORE holds credentials and was not written; leave it set/,
    ],
  ])('credentials are not written: %j %j', async (more, env, said) => {
    const { code, out, err } = await write(more, env);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(said) });
    expect(out + err + written()).not.toContain('secret');
    expect(written()).not.toMatch(/^ {2}store:/m);
  });

  test('what is none is refused, and nothing is written', async () => {
    const message = (from: string) => expect.stringMatching(new RegExp(`^giveway: ${from}: received "memcache://x"; .*memcached:`));
    expect(await write(['--store', 'memcache://x'])).toMatchObject({ code: 64, out: '', err: message('--store') });
    expect(await write([], { GIVEWAY_STORE: 'memcache://x' })).toMatchObject({ code: 64, out: '', err: message('GIVEWAY_STORE') });
    expect(readdirSync(folder)).toEqual(['server.log']);
  });

  test('what is in its way is named, and under another name nothing is', async () => {
    writeFileSync(join(folder, 'giveway.config.json'), '{}');
    expect(await write([])).toMatchObject({
      code: 73,
      err: expect.stringMatching(
        /^giveway: \S+giveway\.config\.json is there already, and is what giveway finds .*; nothing is written\n$/,
      ),
    });
    const log = join(folder, 'server.log');
    expect(await giveway(['advise', '--log', log, '--write', 'scopes.mjs'], { cwd: folder, env: {} })).toMatchObject({ code: 0 });
    expect(readdirSync(folder).sort()).toEqual(['giveway.config.json', 'scopes.mjs', 'server.log']);
  });

  test('with --json a refusal and what is said beside the answer are JSON', async () => {
    const beside = await write(['--json', '--store', 'redis://u:secret@cache']);
    expect(JSON.parse(beside.err)).toMatchObject({ giveway: 'store-not-written' });
    expect(JSON.parse(beside.out)).toBeInstanceOf(Object);
    const { code, out, err } = await write(['--json']);
    expect({ code, out, failure: JSON.parse(err) }).toEqual({
      code: 73,
      out: '',
      failure: { giveway: 'failed', code: 'ERR_GIVEWAY_NOT_WRITTEN', message: expect.stringContaining('is there already') },
    });
  });
});
