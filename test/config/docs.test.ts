import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { fromJSONSchema } from 'zod';
import { toJSONSchema } from 'zod/mini';
import { resolveConfig } from '../../src/config/resolve.ts';
import { fileSchema } from '../../src/config/schema.ts';
import { backends } from '../../src/config/stores/backends.ts';
import { resolveOptions } from '../../src/lock/plan/options.ts';
import { resolveSettings } from '../../src/lock/plan/settings.ts';
import type { LockStore } from '../../src/lock/store.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { codeBlocks } from '../docs/code-blocks.ts';

const page = readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8');

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Property>>;
}

/** As the build writes it to `dist/schema.json`. */
const jsonSchema = toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' }) as Property;

/** Every field with its path; groups by their fields, tables and blocks not again. */
function fieldsIn({ properties = {} }: Property, prefix = ''): readonly (readonly [string, Property])[] {
  return Object.entries(properties).flatMap(([name, property]) =>
    property.properties === undefined ? [[prefix + name, property] as const] : fieldsIn(property, `${prefix}${name}.`),
  );
}

/** What stands in the object of one table under `resources`. */
function tableSchema(): Property {
  const text = JSON.stringify(jsonSchema.properties?.['resources']);
  return (JSON.parse(text) as { anyOf: [unknown, { additionalProperties: Property }] }).anyOf[1].additionalProperties;
}

/** The cells of the table whose head begins with `first`, row by row. */
function tableIn(markdown: string, first: string): readonly (readonly string[])[] {
  const [, rows = ''] = markdown.split(new RegExp(`^\\| ${first} \\|.*\\n\\|[-|]+\\|\\n`, 'm'));
  const lines = rows.split('\n\n')[0]?.split('\n') ?? [];
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function blocksIn(language: string): readonly string[] {
  return codeBlocks('docs/configuration.md').flatMap((block) => (block.language === language ? [block.code] : []));
}

/** The default export of a piece of TypeScript, which imports the package by its name. */
function exportOf(code: string): unknown {
  const directory = mkdtempSync(join(tmpdir(), 'giveway-docs-'));
  const file = join(directory, 'giveway.config.ts');
  writeFileSync(file, code);
  try {
    return jest.requireActual<{ default: unknown }>(file).default;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const resolved = (file: unknown) =>
  resolveConfig('docs', { file, envName: undefined, variables: { GIVEWAY_ENV: 'production' }, overrides: undefined });

describe('docs/configuration.md', () => {
  test('has a row for every field, with its default, and no others', () => {
    const rows = tableIn(page, 'field').map(([field = '', , byDefault = '']) => [
      field.replaceAll(/[`¹² ]/g, ''),
      byDefault.replaceAll('`', ''),
    ]);
    const all = new Map([...fieldsIn(tableSchema()), ...fieldsIn(jsonSchema)]);
    const expected = [...all].map(([name, property]) => [name, property.default === undefined ? '' : String(property.default)]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
    expect(rows).toHaveLength(expected.length);
  });

  test('marks the fields that a table may have for itself', () => {
    const marked = (mark: string) =>
      tableIn(page, 'field').flatMap(([field = '']) => (field.endsWith(mark) ? [field.replaceAll(/[`¹² ]/g, '').split('.')[0]] : []));
    const ofTable = Object.keys(tableSchema().properties ?? {});
    expect(new Set([...marked('¹'), ...marked('²')])).toEqual(new Set(ofTable));
    expect(new Set(marked('²'))).toEqual(new Set(ofTable.filter((name) => !(name in (jsonSchema.properties ?? {})))));
  });

  test('has a row for every kind of store, with its parameters', () => {
    const rows = tableIn(page, 'URL').map(([url = '', parameters = '']) => [url.replaceAll('`', ''), parameters.replaceAll(/[`,]/g, '')]);
    const kinds = new Set(backends.values());
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries([...kinds].map(({ example, parameters }) => [example, Object.keys(parameters).join(' ')])),
    );
    for (const scheme of backends.keys()) expect(page).toContain(`\`${scheme}:`);
    for (const { example } of kinds) expect(resolved({ store: example }).store).toBe(example);
  });

  test('its JSON example is a config', () => {
    const [example = ''] = blocksIn('json');
    expect(resolved(JSON.parse(example)).resources).toEqual({ events: {}, visits: {}, 'reporting.daily_revenue': {} });
    expect(() => fromJSONSchema(jsonSchema as never).parse(JSON.parse(example))).not.toThrow();
  });

  test('its TypeScript examples are configs', () => {
    const configs = blocksIn('ts').filter((code) => code.startsWith('// giveway.config.ts'));
    const [example, withFunction] = configs.map((code) => resolved(exportOf(code)));
    expect(configs).toHaveLength(2);
    expect(example).toMatchObject({ store: 'memcached://cache-1:11211,cache-2:11211', environment: 'production' });
    expect(Object.keys(example?.resources ?? {})).toEqual(['events', 'visits', 'reporting.daily_revenue', 'analytics.*']);
    const open = withFunction?.store as () => LockStore;
    expect(open().traits.name).toBe('memcached');
  });

  test('its example of an error is what the error says', () => {
    const [shown = ''] = blocksIn('text');
    const file = {
      store: 'memcache://user:hunter2@cache:11211',
      minHoldMs: 40_000,
      resources: { events: {}, visits: { ttl: 30 }, 'public.Events': {} },
    };
    let message = '';
    try {
      resolveConfig('/srv/jobs/giveway.config.json', { file, envName: undefined, variables: {}, overrides: undefined });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.replace(/(allowed: memcached:, memcacheds:, ).*/, '$1…')).toBe(shown.trimEnd());
  });
});

describe('the JSON Schema', () => {
  const editor = fromJSONSchema(jsonSchema as never);

  test('describes every field', () => {
    for (const [name, { description }] of [...fieldsIn(jsonSchema), ...fieldsIn(tableSchema())])
      expect([name, description]).toEqual([name, expect.stringMatching(/\w{4}.*\.$/)]);
  });

  test('has the defaults of the locker', () => {
    const { signal: _, job: __, ...options } = resolveOptions(undefined, [], {});
    const { namespace, names, maxWaiters, nesting } = resolveSettings({ store: memoryStore() });
    const { defaultSchema, dialect } = names;
    const defaults = Object.fromEntries(
      fieldsIn(jsonSchema).flatMap(([name, property]) => (property.default === undefined ? [] : [[name, property.default]])),
    );
    const flat = Object.entries(options).flatMap(([name, value]) =>
      typeof value === 'object' ? Object.entries(value).map(([inner, each]) => [`${name}.${inner}`, each]) : [[name, value]],
    );
    const asJson = flat.map(([name, value]) => [name, value === Number.POSITIVE_INFINITY ? 'Infinity' : value]);
    expect(defaults).toEqual({
      ...Object.fromEntries(asJson),
      namespace,
      defaultSchema,
      dialect,
      maxWaiters,
      nesting,
      allowUnlisted: false,
    });
  });

  test.each([
    { store: 'memory:' },
    {
      store: 'memory:',
      maxHoldMs: 'Infinity',
      retry: { maxAttempts: 3 },
      resources: { a: { ttlMs: 1_000, maxHoldMs: 5_000, limits: { appends: 4 } } },
      environments: { x: { job: 'y' } },
    },
    { $schema: './schema.json', resources: [] },
  ])('accepts %j', (config) => {
    expect(editor.safeParse(config).success).toBe(true);
  });

  test.each([
    { store: 3 },
    { tlMs: 1_000 },
    { ttlMs: 999 },
    { ttlMs: 1_000.5 },
    { maxHoldMs: 'forever' },
    { maxHoldMs: 999 },
    { onBusy: 'wait' },
    { namespace: 'a b' },
    { resources: { a: { job: 'x' } } },
    { resources: [3] },
    { resources: { a: { limits: { appends: 0 } } } },
    { resources: { a: { limits: { writes: 1 } } } },
    { limits: { appends: 4 } },
    { host: '' },
    { maxWaiters: 0 },
    { nesting: 'none' },
    { environments: { x: { environments: {} } } },
  ])('refuses %j', (config) => {
    expect(editor.safeParse(config).success).toBe(false);
  });
});
