import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { StoreTraits } from '../../src/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { etcdStore } from '../../src/stores/etcd/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { sqliteStore } from '../../src/stores/sqlite/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { bare, declaredOptions, describedOptions } from './options.ts';

const root = join(__dirname, '../..');
const page = (name: string): string => readFileSync(join(root, name), 'utf8');

test('docs/guarantees.md names tests that exist', () => {
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('docs'))
    .map((file) => page(join('test', file)).replaceAll("\\'", "'"))
    .join('\n');
  const rows = page('docs/guarantees.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`'));
  const named = rows.flatMap((row) => [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !tests.includes(name))).toEqual([]);
});

test('the table of docs/stores.md is what the stores declare', () => {
  // No call is made: any method will do.
  const client = new Proxy({}, { get: () => () => {} });
  const stores = [
    memoryStore(),
    memcachedStore({ servers: 'localhost:1' }),
    postgresStore({ connectionString: 'postgres://localhost:1/x', listen: true }),
    mysqlStore({ uri: 'mysql://localhost:1/x' }),
    sqliteStore(),
    redisStore({ client: new Redis({ lazyConnect: true }) }),
    dynamodbStore({ client: client as never, tableName: 'locks' }),
    momentoStore({ client: client as never, cacheName: 'c' }),
    etcdStore({ client: client as never }),
    zookeeperStore({ client: () => client as never }),
  ];
  const yes = (fact: boolean): string => (fact ? 'yes' : 'no');
  const fences = new Set(['postgres', 'mysql', 'sqlite', 'etcd', 'zookeeper', 'redis']);
  const expected = stores.map(({ traits }: { traits: StoreTraits }) => [
    traits.name,
    `${traits.ttlGrainMs} ms`,
    yes(traits.mayForget),
    yes(traits.durable),
    yes(traits.pushes),
    yes(traits.appends === true),
    yes(fences.has(traits.name)),
  ]);
  const rows = [...page('docs/stores.md').matchAll(/^\| \[(\w+)\]\([^)]+\) \|(.+)\|$/gm)].map(([, name = '', cells = '']) => [
    name,
    ...cells.split('|').map((cell) => cell.trim()),
  ]);
  expect(rows).toEqual(expected);
});

describe('the options that a page lists', () => {
  test.each([
    ['stores/memcached', 'stores/memcached/options'],
    ['stores/postgres', 'stores/postgres/options'],
    ['stores/mysql', 'stores/mysql/options'],
    ['stores/sqlite', 'stores/sqlite/options'],
    ['stores/redis', 'stores/redis/store'],
    ['stores/dynamodb', 'stores/dynamodb/options'],
    ['stores/momento', 'stores/momento/options'],
    ['stores/etcd', 'stores/etcd/options'],
    ['stores/zookeeper', 'stores/zookeeper/options'],
    ['stores/shedlock', 'stores/shedlock/table-options'],
    ['warehouse', 'warehouse/transaction'],
    ['warehouse', 'warehouse/batches/insert-batches'],
  ])('docs/%s.md: all that src/%s.ts declares, with the defaults said there', (name, source) => {
    const described = describedOptions(`docs/${name}.md`);
    const declared = declaredOptions(`src/${source}.ts`);
    expect(declared.length).toBeGreaterThan(3);
    expect(declared.map((option) => option.name).filter((option) => !described.has(option))).toEqual([]);
    const wrong = declared.filter(({ name, usual }) => usual !== undefined && !bare(described.get(name) ?? '').startsWith(bare(usual)));
    expect(wrong.map(({ name, usual }) => `${name}: ${usual} in the type, ${described.get(name)} on the page`)).toEqual([]);
  });
});

test('docs/errors.md has every code of the source, and no other', () => {
  const codesIn = (text: string): readonly string[] => [...text.matchAll(/ERR_GIVEWAY_[A-Z_]*[A-Z]/g)].map(([code]) => code);
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const thrown = new Set(sources.flatMap((file) => codesIn(page(join('src', file)))));
  expect(thrown.size).toBeGreaterThan(40);
  expect([...new Set(codesIn(page('docs/errors.md')))].sort()).toEqual([...thrown].sort());
  // Those that have a row of their own elsewhere are explained there.
  const elsewhere = `${page('docs/stores.md')}\n${page('docs/operations.md')}`;
  const [, stores = ''] = page('docs/errors.md').split('\n## Stores\n');
  const named = [stores.split('\n## ')[0] ?? '', page('docs/errors.md').split('\n## Notices\n')[1] ?? ''].flatMap(codesIn);
  expect(named.filter((code) => !elsewhere.includes(`\`${code}\``))).toEqual([]);
});

test('docs/start.md names every module', () => {
  const { compilerOptions } = JSON.parse(page('tsconfig.json')) as { compilerOptions: { paths: object } };
  const [, table = ''] = page('docs/start.md').split('## What is where');
  const named = new Set([...table.matchAll(/`(?:giveway)?(\/\w+|giveway)`/g)].map(([, name = '']) => name.replace(/^\//, 'giveway/')));
  expect(Object.keys(compilerOptions.paths).filter((module) => !named.has(module))).toEqual([]);
});
