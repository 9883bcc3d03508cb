import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type InsertError, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

const methods = ['copy', 'insert'] as const;

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let warehouse: Warehouse;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 3 });
    locker = createLocker({ store: memoryStore() });
    warehouse = createWarehouse({ pool, locker });
    await pool.query(`
      create table odd ("constructor" text, "toString" text, "__proto__" text);
      create domain document as jsonb;
      create table documents (plain json, doc jsonb, domained document, list jsonb[], tags text[], raw bytea, note text);
      create table counted (id int primary key, note text)`);
  });
  afterAll(async () => {
    await locker.close();
    await pool.end();
  });
  beforeEach(() => pool.query('truncate odd, documents, counted').then(() => {}));

  const failureOf = (promise: Promise<unknown>): Promise<InsertError> =>
    promise.then(
      () => Promise.reject(new Error('it went through')),
      (error: InsertError) => error,
    );

  test.each(methods)('what an object inherits is no column (%s)', async (method) => {
    const columns = ['constructor', 'toString', '__proto__'];
    const whole = JSON.parse('{ "constructor": "a", "toString": "b", "__proto__": "c" }') as object;
    for (const lacking of columns) {
      const row = Object.fromEntries(columns.filter((column) => column !== lacking).map((column) => [column, 'x']));
      for (const asked of [columns, undefined]) {
        const error = await failureOf(warehouse.insertBatches('odd', [whole, row], { method, columns: asked as string[] }));
        expect(error).toMatchObject({ cause: { name: 'InvalidOptionError', path: `rows[1].${lacking}` } });
      }
    }
    const inheriting = Object.create(whole) as object;
    expect(await failureOf(warehouse.insertBatches('odd', [inheriting], { method, columns }))).toMatchObject({
      cause: { path: 'rows[0].constructor' },
    });
    await warehouse.insertBatches('odd', [whole], { method });
    expect((await pool.query('select "constructor", "toString", "__proto__" as proto from odd')).rows).toEqual([
      { constructor: 'a', toString: 'b', proto: 'c' },
    ]);
  });

  test.each(methods)('arrays are JSON in columns of JSON and arrays in others (%s)', async (method) => {
    const lists = [[], [1, [2], { three: 3 }], [[]], ['{}'], [null, undefined, Number.NaN]];
    for (const list of lists) {
      const row = {
        plain: list,
        doc: list,
        domained: list,
        list: [list, { a: 1 }, null, '"text"'],
        tags: ['a', null],
        raw: null,
        note: null,
      };
      await warehouse.insertBatches('documents', [row], { method });
      const { rows } = await pool.query('select plain, doc, domained, list::text, tags from documents');
      const seen = JSON.parse(JSON.stringify(list)) as unknown;
      expect(rows).toEqual([{ plain: seen, doc: seen, domained: seen, list: expect.any(String), tags: ['a', null] }]);
      const { rows: items } = await pool.query('select item from documents, unnest(list) as item');
      expect(items.map(({ item }) => item)).toEqual([seen, { a: 1 }, null, 'text']);
      await pool.query('truncate documents');
    }
  });

  test.each(methods)('text for a column of JSON is JSON already; sparse arrays have NULLs (%s)', async (method) => {
    const tags = Object.assign([], { 1: 'b', 3: 'd' }) as unknown[];
    const row = { plain: '{"a": 1}', doc: '[]', domained: 'true', list: tags.map(() => '1'), tags, raw: null, note: null };
    await warehouse.insertBatches('documents', [row], { method });
    expect((await pool.query('select plain, doc, domained, list, tags from documents')).rows).toEqual([
      { plain: { a: 1 }, doc: [], domained: true, list: [null, 1, null, 1], tags: [null, 'b', null, 'd'] },
    ]);
  });

  test('bytes are the same by either method, in columns of bytes, of text and of JSON', async () => {
    const bytes = Buffer.from('{"é": 1}');
    for (const method of methods) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await warehouse.insertBatches(
        'documents',
        [{ plain: bytes, doc: view, domained: null, list: null, tags: null, raw: view, note: view }],
        { method },
      );
    }
    const { rows } = await pool.query('select * from documents');
    expect(rows[0]).toEqual(rows[1]);
    expect(rows[0]).toMatchObject({ plain: { é: 1 }, doc: { é: 1 }, raw: bytes, note: '{"é": 1}' });
  });

  test.each(methods)('bytes that the source fills anew for each row are those that it gave (%s)', async (method) => {
    const shared = Buffer.alloc(1);
    function* filled(): Generator<object> {
      for (const byte of [1, 2, 3]) {
        shared[0] = byte;
        yield { raw: shared };
      }
    }
    await warehouse.insertBatches('documents', filled(), { method });
    expect((await pool.query('select raw from documents order by raw')).rows.map(({ raw }) => raw[0])).toEqual([1, 2, 3]);
  });

  test('any value is stored alike by either method', async () => {
    const scalar = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.date({ noInvalidDate: true, min: new Date('-004000-01-01'), max: new Date('+200000-01-01') }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes.filter((byte) => byte > 0 && byte < 128))),
      fc.constant(null),
      fc.record({ toPostgres: fc.constant((prepare: (value: unknown) => unknown) => prepare(['own'])) }),
    );
    const value = fc.oneof(
      scalar,
      fc.array(scalar),
      fc.array(fc.array(fc.integer(), { minLength: 2, maxLength: 2 })),
      fc.dictionary(fc.string(), fc.integer()),
    );
    await pool.query('create table anything (method text, n int, value text)');
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
        await pool.query('truncate anything');
        for (const method of methods)
          await warehouse.insertBatches(
            'anything',
            values.map((each, n) => ({ method, n, value: each })),
            { method },
          );
        const { rows } = await pool.query('select method, value from anything order by n, method');
        for (let at = 0; at < rows.length; at += 2) expect(rows[at].value).toBe(rows[at + 1].value);
        expect(rows.length).toBe(2 * values.length);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test.each(['America/St_Johns', 'Africa/Monrovia', 'Asia/Kolkata', 'UTC'])(
    'dates of any year are stored alike by either method in %s',
    async (TZ) => {
      const worker = fileURLToPath(new URL('both-methods.worker.ts', `file://${__filename}`));
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', worker, service.url], {
        env: { ...process.env, TZ },
      });
      expect(JSON.parse(stdout)).toMatchObject({ differing: [], count: 20 });
    },
  );

  test('of upserts with one key the last wins, wherever the batches are cut', async () => {
    const onConflict = '(id) do update set note = counted.note || excluded.note';
    const rows = Array.from({ length: 40 }, (_, n) => ({ id: n % 7, note: `${n} ` }));
    const results: unknown[] = [];
    for (const batchRows of [1, 3, 40]) {
      await pool.query('truncate counted');
      expect(await warehouse.insertBatches('counted', rows, { onConflict, batchRows })).toMatchObject({ rows: 40 });
      results.push((await pool.query('select * from counted order by id')).rows);
    }
    expect(results[0]).toMatchObject({ 0: { id: 0, note: '0 7 14 21 28 35 ' } });
    expect(results).toEqual([results[0], results[0], results[0]]);
  });

  test('a row that fails otherwise among upserts is told, and nothing of its batch is in', async () => {
    const onConflict = "(id) do update set note = (select note from (values ('a'), ('b')) as two (note))";
    const rows = [1, 2, 1].map((id) => ({ id, note: 'x' }));
    expect(await failureOf(warehouse.insertBatches('counted', rows, { onConflict }))).toMatchObject({
      resumeFrom: 0,
      cause: { code: '21000' },
    });
    expect((await pool.query('select from counted')).rowCount).toBe(0);
  });
});
