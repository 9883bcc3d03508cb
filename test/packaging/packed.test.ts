import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Consumer, install, pack, packageJson, root, run, type Tarball } from './consumer.ts';

const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
  compilerOptions: { paths: Record<string, [string]> };
};

const hasSource = (module: string): boolean => existsSync(join(root, compilerOptions.paths[module]?.[0] ?? ''));

/** `giveway`, `giveway/memcached`, …: the modules that tsconfig.json lists. */
const listed = Object.keys(compilerOptions.paths);
const modules = listed.filter(hasSource);
const fileOf = (module: string): string => (module === 'giveway' ? 'index' : module.slice('giveway/'.length));

/** What a user gets with giveway alone. The others load a client that the user brings. */
const withoutPeers = [
  'giveway',
  'giveway/memory',
  'giveway/memcached',
  'giveway/leases',
  'giveway/config',
  'giveway/testing',
  'giveway/conflicts',
].filter(hasSource);

let folder: string;
let tarball: Tarball;
let consumer: Consumer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-packed-'));
  tarball = pack(folder);
  consumer = install(tarball);
});
afterAll(() => {
  consumer?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('the tarball', () => {
  test('has every module that tsconfig.json lists', () => {
    expect(modules).toEqual(listed);
  });

  test.each(modules)('has %s, for import and for require, with types', (module) => {
    const file = fileOf(module);
    expect(packageJson.exports[module.replace('giveway', '.')]).toEqual({ import: `./dist/${file}.mjs`, require: `./dist/${file}.cjs` });
    expect(tarball.contents).toEqual(expect.arrayContaining(['mjs', 'cjs', 'd.mts', 'd.cts'].map((ending) => `dist/${file}.${ending}`)));
  });

  test('has no other modules', () => {
    const others = ['./schema.json', './package.json'];
    expect(Object.keys(packageJson.exports).sort()).toEqual([...modules.map((module) => module.replace('giveway', '.')), ...others].sort());
  });

  test('holds what users need, and nothing else', () => {
    const outside = tarball.contents.filter((path) => !/^(dist|docs|examples)\//.test(path)).sort();
    expect(outside).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'bench/RESULTS.md', 'bench/peers.svg', 'package.json']);
  });

  test('holds all that its pages lead to', () => {
    const leadsTo = (page: string): readonly string[] =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/(?:\]\(|(?:src|href)=")(?!\w+:|#)([^)#\s"]+)/g)].map(([, path = '']) =>
        join(dirname(page), path),
      );
    const pages = tarball.contents.filter((path) => path.endsWith('.md'));
    const links = pages.flatMap((page) => leadsTo(page).map((link) => ({ page, link: link.replace(/\/$/, '') })));
    expect(links.length).toBeGreaterThan(200);
    const isThere = (link: string): boolean => tarball.contents.some((path) => path === link || path.startsWith(`${link}/`));
    expect(links.filter(({ link }) => !isThere(link)).map(({ page, link }) => `${page}: ${link}`)).toEqual([]);
  });

  test('pleases publint', () => {
    run(root, 'publint', 'run', tarball.file, '--strict');
  });

  test('has types that resolve the way the code does', () => {
    run(root, 'attw', tarball.file, '--exclude-entrypoints', 'schema.json', '--format', 'ascii');
  });
});

describe('installed, without any peer', () => {
  test.each(withoutPeers)('%s loads', (module) => {
    consumer.run('node', '--input-type=module', '--eval', `await import('${module}')`);
    consumer.run('node', '--eval', `require('${module}')`);
  });

  test('giveway and giveway/memcached load nothing else, and memjs with the first connection', () => {
    const program = `require('giveway');
      const tell = () => {
        const names = Object.keys(require.cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file.replaceAll('\\\\', '/'))[1]);
        console.log(JSON.stringify([...new Set(names)].sort()));
      };
      const store = require('giveway/memcached').memcachedStore({ servers: '127.0.0.1:1' });
      tell();
      store.read('key').catch((error) => { console.log(error.name); tell(); });`;
    const said = consumer.run('node', '--eval', program).trim().split('\n');
    expect(said).toEqual(['["giveway"]', 'StoreUnavailableError', '["giveway","memjs"]']);
  });

  test.each(modules.filter((module) => !withoutPeers.includes(module)))('%s loads, or names the peer it needs', (module) => {
    const program = `import('${module}').catch((error) => console.log(error.code, error.message))`;
    const said = consumer.run('node', '--eval', program);
    const peers = Object.keys(packageJson.peerDependencies).map((peer) => `'${peer}'`);
    expect(said === '' || (said.startsWith('ERR_MODULE_NOT_FOUND') && peers.some((peer) => said.includes(peer))) || said).toBe(true);
  });

  // node10 is what `"module": "commonjs"` means to TypeScript 5: it reads `typesVersions` and no `exports`.
  test.each([
    ['node16', 'Node16', ['esm.mts', 'cjs.cts']],
    ['bundler', 'ESNext', ['esm.mts']],
    ['node10', 'CommonJS', ['cjs.ts']],
  ])('its types are whole (moduleResolution %s)', (resolution, module, names) => {
    consumer.link('@types/node');
    consumer.link('undici-types');
    const imports = withoutPeers.map((name, index) => `import * as m${index} from '${name}';\nconsole.log(m${index});\n`).join('');
    const files = names.map((name) => consumer.write(name, imports));
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'ES2023',
      '--lib',
      'ES2023,ESNext.Disposable',
      '--types',
      'node',
      '--skipLibCheck',
      'false',
    ];
    consumer.run('tsc', ...options, '--module', module, '--moduleResolution', resolution, ...files);
  });
});

describe('installed, with every peer', () => {
  beforeAll(() => {
    for (const peer of Object.keys(packageJson.peerDependencies)) consumer.link(peer);
  });

  test.each(modules)('%s gives the same names to import and to require', (module) => {
    const program = `import * as loaded from '${module}';
      import { createRequire } from 'node:module';
      const names = (exports) => Object.keys(exports).filter((name) => name !== 'default' && name !== 'module.exports').sort();
      const required = createRequire(import.meta.url)('${module}');
      console.log(JSON.stringify([names(loaded), names(required)]));`;
    const file = consumer.write('names.mjs', program);
    const [imported, required] = JSON.parse(consumer.run('node', file)) as [string[], string[]];
    expect(imported).not.toEqual([]);
    expect(required).toEqual(imported);
  });

  test('its types are whole for an older target, with the library that comes with it', () => {
    for (const types of ['@types/node', 'undici-types', '@types/pg']) consumer.link(types);
    const imports = modules.map((name, index) => `import * as m${index} from '${name}';\nconsole.log(m${index});\n`).join('');
    const file = consumer.write('older.mts', imports);
    const resolution = ['--module', 'Node16', '--moduleResolution', 'Node16', '--types', 'node'];
    consumer.run('tsc', '--noEmit', '--strict', '--target', 'ES2020', '--skipLibCheck', 'false', ...resolution, file);
  });

  test('the config schema is a JSON Schema', () => {
    const schema = JSON.parse(consumer.run('node', '--print', `JSON.stringify(require('giveway/schema.json'))`)) as Record<string, unknown>;
    expect(schema).toMatchObject({ $schema: expect.stringContaining('json-schema.org'), type: 'object' });
  });

  test('the giveway program starts', () => {
    expect(consumer.run(join(consumer.folder, 'node_modules/.bin/giveway'), '--version').trim()).toBe(packageJson.version);
  });
});
