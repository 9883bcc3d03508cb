import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type Warehouse, type WarehouseOptions } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

interface Sent {
  readonly parameters: number;
  readonly bytes: number;
}

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let sent: Sent[];
  /** What the server says in answer to `select version()`. */
  let version: string | undefined;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 2 });
    pool.on('connect', (client) => {
      const send = client.query.bind(client) as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]): unknown => {
        const [text, values = []] = args as [unknown, (string | null)[]?];
        if (text === 'select version()' && version !== undefined) return Promise.resolve({ rows: [{ version }] });
        if (typeof text === 'string' && text.startsWith('INSERT'))
          sent.push({ parameters: values.length, bytes: values.reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), text.length) });
        return send(...args);
      };
      Object.assign(client, { query: watched });
    });
    await pool.query('create table wide (a int, b int, c int, d text)');
  });
  afterAll(() => pool.end());
  beforeEach(async () => {
    sent = [];
    version = undefined;
    locker = createLocker({ store: memoryStore() });
    await pool.query('truncate wide');
  });
  afterEach(() => locker.close());

  const warehouseWith = (options: Partial<WarehouseOptions>): Warehouse => createWarehouse({ pool, locker, ...options });
  const rows = Array.from({ length: 10_000 }, (_, a) => ({ a, b: a, c: a, d: 'é' }));
  const redshift = 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.77467';
  const count = async (): Promise<number> => (await pool.query('select from wide')).rowCount as number;
  const most = (of: keyof Sent): number => Math.max(...sent.map((each) => each[of]));

  test.each<[string, Partial<WarehouseOptions>, string | undefined, number, number]>([
    ['PostgreSQL', {}, undefined, 65_535, 1],
    ['Redshift, as declared', { dialect: 'redshift' }, undefined, 32_767, 2],
    ['Redshift, as it says itself', {}, redshift, 32_767, 2],
    ['PostgreSQL, as declared, whatever it says', { dialect: 'postgres' }, redshift, 65_535, 1],
  ])('a statement has no more parameters than %s takes', async (_what, options, says, parameters, statements) => {
    version = says;
    await warehouseWith(options).insertBatches('wide', rows, { method: 'insert' });
    expect(most('parameters')).toBeLessThanOrEqual(parameters);
    expect(sent.length).toBe(statements);
    expect(await count()).toBe(10_000);
  });

  test('a statement is no longer than Redshift takes, in bytes, and a row that is too long goes alone', async () => {
    const long = [3, 3, 3, 3, 3, 17, 3].map((megabytes, a) => ({ a, b: 1, c: null, d: 'é'.repeat(megabytes * 500_000) }));
    await warehouseWith({ dialect: 'redshift' }).insertBatches('wide', long, { batchBytes: 100_000_000 });
    expect(sent.map(({ bytes }) => bytes > 16_000_000)).toEqual([false, true, false]);
    expect((await pool.query('select a from wide')).rows.map(({ a }) => a)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('where Redshift is declared, rows are inserted and not copied', async () => {
    await warehouseWith({ dialect: 'redshift' }).insertBatches('wide', rows.slice(0, 3));
    expect(sent).toEqual([{ parameters: 12, bytes: expect.any(Number) }]);
    expect(() => warehouseWith({ dialect: 'oracle' as never })).toThrow(expect.objectContaining({ path: 'dialect' }));
  });
});
