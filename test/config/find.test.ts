import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type LoadedConfig, type LoadOptions, loadConfig } from '../../src/config/index.ts';
import { strangerWith } from '../../src/config/strangers.ts';
import { ConfigError } from '../../src/lock/errors.ts';

let root = '';
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'giveway-config-')));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Writes files below `root`; a value that is not text is written as JSON. */
function write(files: Readonly<Record<string, unknown>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

function load(cwd: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  return loadConfig({ cwd: join(root, cwd), env: {}, ...options });
}

async function refusal(loading: Promise<unknown>): Promise<ConfigError> {
  const error = await loading.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
}

const memory = { store: 'memory:' };

describe('where a config is found', () => {
  test('giveway.config.json in the working directory, or above it', async () => {
    write({ 'up/giveway.config.json': { ...memory, namespace: 'up' }, 'up/a/b/.keep': '' });
    for (const cwd of ['up', 'up/a/b', 'up/not/there']) {
      expect(await load(cwd)).toMatchObject({ source: join(root, 'up/giveway.config.json'), namespace: 'up' });
    }
  });

  test('a giveway key in package.json; a package.json without one is passed by', async () => {
    write({ 'pkg/package.json': { name: 'app', giveway: { ...memory, namespace: 'pkg' } }, 'pkg/inner/package.json': { name: 'inner' } });
    expect(await load('pkg/inner')).toMatchObject({ source: join(root, 'pkg/package.json'), namespace: 'pkg' });
    write({ 'pkg/list/package.json': '[]', 'pkg/null/package.json': 'null' });
    expect(await load('pkg/list')).toMatchObject({ namespace: 'pkg' });
    expect(await load('pkg/null')).toMatchObject({ namespace: 'pkg' });
  });

  test('the nearest wins, and in one directory giveway.config.* before package.json', async () => {
    write({
      'near/giveway.config.json': { ...memory, namespace: 'file' },
      'near/package.json': { giveway: { ...memory, namespace: 'key' } },
      'near/in/package.json': { giveway: { ...memory, namespace: 'nearer' } },
    });
    expect(await load('near')).toMatchObject({ namespace: 'file' });
    expect(await load('near/in')).toMatchObject({ namespace: 'nearer' });
  });

  test('`file` is relative to `cwd`, under any name', async () => {
    write({
      'named/conf/locks.json': { ...memory, namespace: 'named' },
      'named/package.json': { giveway: { ...memory, namespace: 'pkg' } },
    });
    expect(await load('named', { file: 'conf/locks.json' })).toMatchObject({
      source: join(root, 'named/conf/locks.json'),
      namespace: 'named',
    });
    expect(await load('named', { file: 'package.json' })).toMatchObject({ namespace: 'pkg' });
  });

  test.each([
    ['file', 5],
    ['file', ''],
    ['file', null],
    ['cwd', 5],
  ])('%s: %j is refused by name', async (name, value) => {
    await expect(loadConfig({ env: {}, [name]: value })).rejects.toMatchObject({ name: 'InvalidOptionError', path: name });
  });

  test('a URL in place of a file is refused, without its password', async () => {
    for (const url of ['redis://:hunter2@h', ' redis://:hunter2@h:6379/0', 'postgres://u:hunter2@h/d.json']) {
      for (const options of [{ file: url }, { env: { GIVEWAY_CONFIG: url } }]) {
        const { message } = await refusal(load('up', options));
        expect(message).toMatch(/\*\*\*@h.*:\n.*is a URL; the path of a config file is allowed. A store URL goes into GIVEWAY_STORE/);
        expect(message).not.toContain('hunter2');
      }
    }
  });

  test('nothing found: says where it looked', async () => {
    write({ 'none/a/.keep': '' });
    const error = await refusal(load('none/a'));
    const looked = 'no giveway.config.{ts,mjs,cjs,js,json}, and no "giveway" key in a package.json';
    expect(error.message).toMatch(
      /^No giveway config found\. Write one with `giveway init`, name a file, or set GIVEWAY_STORE \(sqlite: needs no server\)\. Looked in:\n/,
    );
    expect(error.message).toContain(`\n  ${join(root, 'none/a')}: ${looked}\n  ${join(root, 'none')}: ${looked}\n  ${root}: ${looked}\n`);
  });

  test('nothing found, but a store is named: that is enough', async () => {
    write({ 'none/a/.keep': '' });
    expect(await load('none/a', { env: { GIVEWAY_STORE: 'memory:', GIVEWAY_NAMESPACE: 'n' } })).toMatchObject({
      source: undefined,
      namespace: 'n',
    });
    expect(await load('none/a', { overrides: memory })).toMatchObject({ source: undefined });
    const { store } = await load('none/a', { env: { GIVEWAY_DISABLED: '1' } });
    expect(store.label).toBe('none: GIVEWAY_DISABLED is set');
    expect((await store.open()).traits.name).toBe('null');
    expect((await refusal(load('none/a', { env: { GIVEWAY_DISABLED: '0' } }))).message).toMatch(/^environment:\n {2}store: missing; /);
  });
});

/** A module that leaves a mark when it is run. */
const marking = "globalThis.ranStrangersConfig = true; export default { store: 'memory:' };";
const anyUser = 65_534;

/** Makes another user the owner; where only root may do that, makes this process another user. */
function giveAway(path: string): void {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) chownSync(join(root, path), anyUser, anyUser);
  else jest.spyOn(process, 'geteuid').mockReturnValue(uid + 1);
}

/** Where only root may give a directory to another group, this process is in another one. */
function shareWithGroup(path: string): void {
  chmodSync(join(root, path), 0o775);
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) chownSync(join(root, path), uid, anyUser);
  else jest.spyOn(process, 'getegid').mockReturnValue(uid + 1);
}

describe('how far the search goes', () => {
  afterEach(() => {
    jest.restoreAllMocks();
    expect(globalThis).not.toHaveProperty('ranStrangersConfig');
  });

  test.each<[string, string, (path: string) => void]>([
    ['everybody can write to', 'everybody can write to it', (path) => chmodSync(join(root, path), 0o757)],
    ['everybody can write to, as to /tmp', 'everybody can write to it', (path) => chmodSync(join(root, path), 0o1777)],
    ['a group of others can write to', 'group \\d+ can write to it', shareWithGroup],
  ])('it stops at a directory that %s, and does not look there', async (_, reason, open) => {
    write({ 'a/giveway.config.mjs': marking, 'a/b/c/.keep': '' });
    open('a');
    const error = await refusal(load('a/b/c'));
    expect(error.problems.map(({ path }) => path)).toEqual(['a/b/c', 'a/b', 'a'].map((path) => join(root, path)));
    expect(error.problems.at(-1)?.message).toMatch(new RegExp(`^not looked in, nor above it, since ${reason}; .*--config, GIVEWAY_CONFIG`));
    expect((await refusal(load('a'))).problems).toHaveLength(1);
    rmSync(join(root, 'a'), { recursive: true });
  });

  test('it stops at a directory that another user owns', async () => {
    write({ 'theirs/giveway.config.mjs': marking, 'theirs/ours/.keep': '' });
    giveAway('theirs');
    const error = await refusal(load('theirs/ours'));
    expect(error.problems.at(-1)?.message).toMatch(/^not looked in, nor above it, since user \d+ owns it; /);
  });

  test.each<[string, (path: string) => void]>([
    ['user \\d+ owns it', giveAway],
    ['everybody can write to it', (path) => chmodSync(join(root, path), 0o646)],
  ])('a file of which %s is not run, in a directory of ours', async (reason, open) => {
    for (const file of ['giveway.config.mjs', 'giveway.config.json', 'package.json']) {
      write({ [`own/${file}`]: file.endsWith('.mjs') ? marking : { giveway: memory, ...memory } });
      open(`own/${file}`);
      const error = await refusal(load('own'));
      expect(error.message).toMatch(new RegExp(reason));
      rmSync(join(root, 'own'), { recursive: true });
      jest.restoreAllMocks();
    }
  });

  test('whoever names a file answers for it', async () => {
    write({ 'open/giveway.config.json': { ...memory, namespace: 'named' } });
    chmodSync(join(root, 'open'), 0o777);
    expect(await load('open', { file: 'giveway.config.json' })).toMatchObject({ namespace: 'named' });
    expect(await load('open', { env: { GIVEWAY_CONFIG: 'giveway.config.json' } })).toMatchObject({ namespace: 'named' });
    expect(await load('open', { env: { GIVEWAY_CONFIG: 'none.json' }, file: 'giveway.config.json' })).toMatchObject({ namespace: 'named' });
  });

  test.each(['.git', '.hg', '.svn', '.jj'])("a repository's root is the last directory that is looked in (%s)", async (mark) => {
    write({ 'r/giveway.config.json': memory, [`r/repo/${mark}/.keep`]: '', 'r/repo/in/.keep': '' });
    expect((await refusal(load('r/repo/in'))).problems.map(({ path }) => path)).toEqual([join(root, 'r/repo/in'), join(root, 'r/repo')]);
    write({ 'r/repo/giveway.config.json': { ...memory, namespace: 'repo' } });
    expect(await load('r/repo/in')).toMatchObject({ namespace: 'repo' });
    rmSync(join(root, 'r'), { recursive: true });
  });

  test('so is the root of a worktree, whose .git is a file', async () => {
    write({ 'w/giveway.config.json': memory, 'w/tree/.git': 'gitdir: /elsewhere', 'w/tree/.keep': '' });
    expect((await refusal(load('w/tree'))).problems).toHaveLength(1);
  });

  test.each<[string, LoadOptions]>([
    ['GIVEWAY_STORE', { env: { GIVEWAY_STORE: 'memory:' } }],
    ['overrides', { overrides: memory }],
  ])('where %s names the store, nothing is searched for', async (_, options) => {
    write({ 's/giveway.config.json': { ...memory, namespace: 'above' }, 's/in/giveway.config.mjs': marking });
    for (const cwd of ['s', 's/in']) {
      const config = await load(cwd, options);
      expect(config.source).toBeUndefined();
      expect(config.namespace).toBeUndefined();
    }
    expect(await load('s', { ...options, file: 'giveway.config.json' })).toMatchObject({ namespace: 'above' });
  });
});

test('whose a directory is', () => {
  const me = { uid: 1_000, gid: 1_000 };
  const of = (uid: number, gid: number, mode: number, self = me) => strangerWith({ uid, gid, mode }, self);
  expect([of(1_000, 1_000, 0o40755), of(0, 0, 0o40755), of(1_000, 1_000, 0o40775), of(0, 0, 0o40775)]).toEqual(Array(4).fill(undefined));
  expect(of(1_001, 1_001, 0o40755)).toBe('user 1001 owns it');
  expect(of(1_001, 1_001, 0o40755, { uid: 0, gid: 0 })).toBe('user 1001 owns it');
  expect(of(1_000, 1_000, 0o40757)).toBe('everybody can write to it');
  expect(of(0, 0, 0o41777)).toBe('everybody can write to it');
  expect(of(1_000, 100, 0o40775)).toBe('group 100 can write to it');
  expect(of(1_000, 100, 0o40775, { uid: 1_000, gid: 100 })).toBe('group 100 can write to it');
  expect(strangerWith({ uid: 0, gid: 0, mode: 0o40777 }, { uid: undefined, gid: undefined })).toBeUndefined();
});

describe('files that cannot be read', () => {
  test.each([
    ['not valid JSON: Expected double-quoted property name at line 3, column 1', '{\n  "store": "postgres://u:hunter2@h",\n}'],
    ["not valid JSON: Expected ',' or '}' after property value at line 1, column 39", '{"store": "postgres://u:hunter2@h/db" "ttlMs": 5}'],
    ["not valid JSON: Unexpected token 'h'", '{"password": hunter2}'],
    ['not valid JSON: Unterminated string at line 1, column 19', '{"store": "hunter2'],
    ['not valid JSON: Unexpected end of JSON input', '{"store": '],
    ['is empty', '\n'],
  ])('%s', async (message, content) => {
    write({ 'bad/giveway.config.json': content });
    const error = await refusal(load('bad'));
    expect(error.problems).toEqual([{ path: '(file)', message: expect.stringContaining(message) }]);
    expect(error.message).toContain(join(root, 'bad/giveway.config.json'));
    expect(`${error.stack} ${error.cause}`).not.toContain('hunter2');
  });

  test('a byte order mark is no fault', async () => {
    write({ 'bom/giveway.config.json': '\uFEFF{"store": "memory:"}' });
    expect(await load('bom')).toMatchObject({ source: join(root, 'bom/giveway.config.json') });
  });

  test('a file that is not there, a directory, another kind of file, no key', async () => {
    write({ 'odd/package.json': {}, 'odd/dir.json/.keep': '' });
    expect((await refusal(load('odd', { file: 'x.json' }))).message).toMatch(/x\.json:\n {2}\(file\): could not be read: ENOENT/);
    expect((await refusal(load('odd', { file: 'dir.json' }))).message).toMatch(/dir\.json:\n {2}\(file\): could not be read: EISDIR/);
    expect((await refusal(load('odd', { file: 'x.yaml' }))).message).toMatch(
      /x\.yaml:\n {2}\(file\): cannot be read; \.ts, \.mjs, \.cjs, \.js, \.json are allowed/,
    );
    expect((await refusal(load('odd', { file: 'package.json' }))).message).toMatch(
      /package\.json:\n {2}giveway: there is no such key in this package\.json/,
    );
  });

  test('a link that leads to nothing is no reason to take the config above it', async () => {
    write({ 'link/giveway.config.json': memory, 'link/in/.keep': '' });
    symlinkSync('nothing.json', join(root, 'link/in/giveway.config.json'));
    const { message } = await refusal(load('link/in'));
    expect(message).toMatch(/link\/in\/giveway\.config\.json:\n {2}\(file\): could not be read: ENOENT/);
    write({ 'link/in/giveway.config.cjs': 'module.exports = { store: "memory:", namespace: "first" };' });
    expect(await load('link/in')).toMatchObject({ namespace: 'first' });
  });

  test.each<[string, string, string]>([
    ['cjs', 'module.exports = null;', '(default export): missing; write `export default defineConfig({ … })`'],
    ['json', 'null', '(file): holds null; an object is allowed'],
    ['cjs', 'module.exports = () => ({ store: "memory:" });', '(config): received a function; an object is allowed'],
    ['cjs', 'module.exports = [];', '(config): received an array; an object is allowed'],
  ])('giveway.config.%s with %j is one problem, and nothing is looked for above it', async (extension, content, problem) => {
    const folder = `none-${Buffer.from(content).toString('hex').slice(-40)}`;
    write({ [`${folder}/giveway.config.json`]: memory, [`${folder}/in/giveway.config.${extension}`]: content });
    const error = await refusal(load(`${folder}/in`));
    expect(error.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([problem]);
    expect(error.message).toContain(join(root, `${folder}/in/giveway.config.${extension}`));
  });

  test('a promise of a config is awaited', async () => {
    write({ 'promise/giveway.config.cjs': 'module.exports = Promise.resolve({ store: "memory:", namespace: "late" });' });
    expect(await load('promise')).toMatchObject({ namespace: 'late' });
  });

  test('an option that does not exist', async () => {
    await expect(loadConfig({ path: 'x' } as never)).rejects.toThrow('path: received "x"; there is no such option');
  });
});

/** What `load-all.ts` tells of one config. */
interface Outcome {
  readonly config?: LoadedConfig;
  readonly store?: string;
  readonly isJitiLoaded?: boolean;
  readonly message?: string;
  /** The error as `console.log` shows it, with its cause. */
  readonly printed?: string;
}

describe('files that are code', () => {
  const source = resolve(__dirname, '../../src');
  /** Each is loaded, in this order. */
  const files: Readonly<Record<string, string>> = {
    'json/giveway.config.json': '{ "store": "memory:", "namespace": "json" }',
    'mjs/giveway.config.mjs': "export default await Promise.resolve({ store: 'memory:', namespace: 'mjs', maxHoldMs: Infinity });",
    'cjs/giveway.config.cjs': "module.exports = { store: 'memory:', namespace: 'cjs' };",
    'compiled/giveway.config.cjs': "exports.__esModule = true; exports.default = { store: 'memory:', namespace: 'compiled' };",
    'js/giveway.config.js': "export default { store: 'memory:', namespace: 'js' };",
    'ts/giveway.config.ts': `
      import { defineConfig } from '${source}/config/index.ts';
      import { memoryStore } from '${source}/stores/memory.ts';
      const ttlMs: number = 5_000;
      export default defineConfig({ store: () => memoryStore(), namespace: 'ts', ttlMs });`,
    'object/giveway.config.ts': `
      import { memoryStore } from '${source}/stores/memory.ts';
      export default { store: memoryStore(), namespace: 'object' };`,
    'first/giveway.config.ts': "export default { store: 'memory:', namespace: 'first' };",
    'first/giveway.config.json': '{ "store": "memory:", "namespace": "second" }',
    'no-default.ts': "export const store = 'memory:';",
    'no-default.mjs': "export const store = 'memory:';",
    'function.mjs': "export default () => ({ store: 'memory:' });",
    'throws.ts': "throw new Error('cannot reach postgres://u:hunter2@h/db');",
    'throws.mjs': "export default { store: new URL('postgres://u:hunter2@h:x') };",
    'rejects.mjs': "export default Promise.reject(new Error('redis://:hunter2@h is down'));",
    'syntax.ts': "export default { store: 'postgres://u:hunter2@h/db' ttlMs: 3 };",
    'syntax.mjs': "export default { store: 'postgres://u:hunter2@h/db' ttlMs: 3 };",
    'opens.mjs': "export default { store: () => { throw new Error('cannot reach redis://:hunter2@h') } };",
    'getter.mjs': "export default { get store() { throw new Error('cannot reach redis://:hunter2@h'); } };",
    'inner-getter.ts': "export default { store: 'memory:', resources: { events: { get ttlMs() { return JSON.parse('{'); } } } };",
    'opens-nothing.mjs': 'export default { store: () => ({}) };',
  };
  const outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    write(files);
    const paths = Object.keys(files);
    const asked = paths.map((path) => (path.includes('/') ? { cwd: join(root, dirname(path)) } : { cwd: root, file: path }));
    const script = join(__dirname, 'load-all.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, JSON.stringify(asked)]);
    const told = JSON.parse(stdout) as Outcome[];
    for (const [index, outcome] of told.entries()) outcomes.set(paths[index] ?? '', outcome);
  });

  test.each(['json', 'mjs', 'cjs', 'js', 'ts'])('giveway.config.%s', (extension) => {
    const path = `${extension}/giveway.config.${extension}`;
    expect(outcomes.get(path)).toMatchObject({ config: { source: join(root, path), namespace: extension }, store: 'memory' });
  });

  test('the compiler for TypeScript is loaded for TypeScript only', () => {
    expect(outcomes.get('json/giveway.config.json')?.isJitiLoaded).toBe(false);
    expect(outcomes.get('js/giveway.config.js')?.isJitiLoaded).toBe(false);
    expect(outcomes.get('ts/giveway.config.ts')?.isJitiLoaded).toBe(true);
  });

  test('a compiled CommonJS module, a store object, the order in one directory', () => {
    expect(outcomes.get('compiled/giveway.config.cjs')).toMatchObject({ config: { namespace: 'compiled' } });
    expect(outcomes.get('object/giveway.config.ts')).toMatchObject({
      config: { namespace: 'object', store: { label: 'memory', closesStore: false } },
    });
    expect(outcomes.get('ts/giveway.config.ts')).toMatchObject({ config: { store: { label: 'opened by a function', closesStore: true } } });
    expect(outcomes.get('first/giveway.config.ts')).toMatchObject({ config: { namespace: 'first' } });
  });

  test.each([
    ['no-default.ts', '(default export): missing; write `export default defineConfig({ … })`'],
    ['no-default.mjs', '(default export): missing; write `export default defineConfig({ … })`'],
    ['function.mjs', '(config): received a function; an object is allowed'],
    ['throws.ts', '(file): could not be loaded: cannot reach postgres://***@h/db'],
    ['throws.mjs', '(file): could not be loaded: Invalid URL'],
    ['rejects.mjs', '(file): could not be loaded: redis://***@h is down'],
    ['syntax.ts', '(file): could not be loaded: ParseError: Unexpected token, expected ","'],
    ['syntax.mjs', "(file): could not be loaded: Unexpected identifier 'ttlMs'; `node --check` shows where"],
    ['getter.mjs', 'store: could not be read: cannot reach redis://***@h'],
    ['inner-getter.ts', 'resources.events.ttlMs: could not be read: '],
    ['opens.mjs', 'store: could not be opened: cannot reach redis://***@h'],
    ['opens-nothing.mjs', 'store: could not be opened: store(): received an object; the function must return a store'],
  ])('%s is refused', (path, problem) => {
    const { message = '', printed = '' } = outcomes.get(path) ?? {};
    expect(message).toContain(`${join(root, path)}:\n  ${problem}`);
    expect(printed).toContain(message.split('\n')[0] ?? '?');
    expect(printed).not.toContain('hunter2');
  });
});
