import { AsyncResource } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type Lock, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type InsertError, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

/** Runs `work` outside the locks that surround its call. */
const detached = AsyncResource.bind(<T>(work: () => T): T => work());

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let backend: MemoryStore;
  let locker: ResourceLocker;
  let other: ResourceLocker;
  let warehouse: Warehouse;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 4 });
    await pool.query('create table events (id int primary key, note text)');
    await pool.query('create table "Mixed" ("Id" int, at timestamptz, tags text[], doc jsonb, raw bytea, flag boolean, big bigint)');
  });
  afterAll(() => pool.end());
  beforeEach(async () => {
    backend = memoryStore();
    locker = createLocker({ store: backend.connect(), job: 'load' });
    other = createLocker({ store: backend.connect(), job: 'rewrite' });
    warehouse = createWarehouse({ pool, locker });
    await pool.query('truncate events, "Mixed"');
  });
  afterEach(async () => {
    await locker.close({ timeoutMs: 500 });
    await other.close();
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  const ids = async (): Promise<number[]> => (await pool.query('select id from events order by id')).rows.map(({ id }) => id);
  const numbered = (from: number, to: number): { id: number; note: string }[] =>
    Array.from({ length: to - from }, (_, index) => ({ id: from + index, note: `row ${from + index}` }));
  const failureOf = (promise: Promise<unknown>): Promise<InsertError> =>
    promise.then(
      () => Promise.reject(new Error('it went through')),
      (error: InsertError) => error,
    );

  async function* slowly(rows: { id: number; note: string }[]): AsyncGenerator<{ id: number; note: string }> {
    for (const row of rows) {
      if (row.id % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      yield row;
    }
  }

  test.each([
    ['an array', () => numbered(0, 1_234)],
    ['an iterable', () => new Set(numbered(0, 1_234))],
    ['an async iterable', () => slowly(numbered(0, 1_234))],
    ['a stream', () => Readable.from(numbered(0, 1_234))],
    ['a web stream', () => ReadableStream.from(numbered(0, 1_234))],
  ])('rows from %s, in batches with a lock each', async (_, source) => {
    for (const method of ['copy', 'insert'] as const) {
      const locks: unknown[] = [];
      const progress: number[] = [];
      locker.on('acquired', ({ scope }) => locks.push(scope.appends));
      const result = await warehouse.insertBatches('events', source(), {
        method,
        batchRows: 100,
        onProgress: ({ rows }) => progress.push(rows),
      });
      expect(result).toMatchObject({ rows: 1_234, batches: 13 });
      expect((await ids()).length).toBe(1_234);
      expect(locks.length).toBeGreaterThanOrEqual(2); // eight waiting batches go in under one lock
      expect(locks[0]).toEqual(['events']);
      expect(progress.at(-1)).toBe(1_234);
      await pool.query('truncate events');
    }
  });

  test.each(['copy', 'insert'] as const)('values of every kind come back as they went in (%s)', async (method) => {
    const row = {
      Id: 7,
      at: new Date(0),
      tags: ['a "quoted", one', 'back\\slash', null],
      doc: { a: [1, 'x\ty'] },
      raw: Buffer.from([0, 255]),
      flag: true,
      big: 9_007_199_254_740_993n,
    };
    await warehouse.insertBatches(
      '"Mixed"',
      [row, { ...row, Id: null, at: null, tags: null, doc: null, raw: null, flag: false, big: null }],
      { method },
    );
    const { rows } = await pool.query('select * from "Mixed"');
    expect(rows[0]).toEqual({ ...row, big: '9007199254740993' });
    expect(rows[1]).toMatchObject({ Id: null, flag: false });
  });

  test.each(['copy', 'insert'] as const)('what a column makes of a value does not hang on the method (%s)', async (method) => {
    const row = { said: true, doc: false, item: { toPostgres: () => 'own' } };
    await pool.query('create table if not exists plain (said text, doc jsonb, item text); truncate plain');
    await warehouse.insertBatches('plain', [row], { method });
    expect((await pool.query('select * from plain')).rows).toEqual([{ said: 'true', doc: false, item: 'own' }]);
  });

  test('where policies judge rows, the error says which method goes', async () => {
    await pool.query('create role visitor');
    await pool.query('create table judged (id int)');
    await pool.query('alter table judged enable row level security');
    await pool.query('grant select, insert on judged to visitor');
    await pool.query('create policy everybody on judged using (true) with check (true)');
    const { rows } = await pool.query('select quote_ident(current_schema) as schema');
    await pool.query(`grant usage on schema ${rows[0].schema} to visitor`);
    const visitors = new pg.Pool({ connectionString: service.url, max: 2 });
    visitors.on('connect', (client) => void client.query('set role visitor'));
    const theirs = createWarehouse({ pool: visitors, locker });
    await expect(theirs.insertBatches('judged', [{ id: 1 }])).rejects.toThrow("Say `method: 'insert'`");
    await expect(theirs.insertBatches('judged', [{ id: 1 }], { method: 'insert' })).resolves.toMatchObject({ rows: 1 });
    await visitors.end();
    await pool.query('drop table judged');
    await pool.query('drop owned by visitor');
    await pool.query('drop role visitor');
  });

  test('a client, which is one connection, is no pool', () => {
    const client = new pg.Client({ connectionString: service.url });
    expect(() => createWarehouse({ pool: client as never, locker })).toThrow('a Pool of "pg" is allowed; a Client is one connection');
  });

  test('blanks around a name mean nothing, to the database as to the locker', async () => {
    for (const [index, name] of [' events', 'Events '].entries()) await warehouse.insertBatches(name, [{ id: index }]);
    expect(await ids()).toEqual([0, 1]);
  });

  test('batches are cut by bytes, whatever the bytes are in', async () => {
    const rows = Array.from({ length: 6 }, (_, Id) => ({ Id, raw: Buffer.alloc(1_000), doc: { text: 'x'.repeat(1_000) } }));
    for (const method of ['copy', 'insert'] as const)
      expect(await warehouse.insertBatches('"Mixed"', rows, { method, batchBytes: 2_000 })).toMatchObject({ rows: 6, batches: 6 });
  });

  test('text of every kind survives COPY', async () => {
    const notes = ['', '\\N', '\\.', 'tab\tnewline\nreturn\r\\', '🦆'.repeat(40_000), '\b\f\v'];
    await warehouse.insertBatches(
      'events',
      notes.map((note, id) => ({ id, note })),
    );
    const { rows } = await pool.query('select note from events order by id');
    expect(rows.map(({ note }) => note)).toEqual(notes);
  });

  test('while a job rewrites the table, batches wait; then the queue goes in at one go', async () => {
    const lock = await other.lock('events');
    const locks: number[] = [];
    locker.on('acquired', () => locks.push(1));
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const inserts = Array.from({ length: 30 }, (_, index) => warehouse.insertBatches('events', numbered(index * 20, index * 20 + 20)));
    await waits;
    expect(await ids()).toEqual([]);
    await lock.unlock();
    await Promise.all(inserts);
    expect((await ids()).length).toBe(600);
    expect(locks.length).toBeLessThanOrEqual(3);
  });

  test('readers and other inserters are not kept out', async () => {
    const append = await other.lock({ appends: 'events' });
    await warehouse.insertBatches('events', numbered(0, 10));
    expect((await ids()).length).toBe(10);
    await append.unlock();
  });

  test.each([
    ['a missing column', { id: 5 }, 'rows[5].note'],
    ['an extra column', { id: 5, note: 'x', colour: 'red' }, 'rows[5].colour'],
    ['no object', 'row', 'rows[5]'],
  ])('%s is refused with its row, and what was in is told', async (_, bad, path) => {
    const rows = [...numbered(0, 5), bad as never, ...numbered(6, 10)];
    const error = await failureOf(warehouse.insertBatches('events', rows, { batchRows: 2 }));
    expect(error).toMatchObject({ name: 'InsertError', cause: { name: 'InvalidOptionError', path } });
    const resumeFrom = error.resumeFrom as number;
    expect(await ids()).toEqual(numbered(0, resumeFrom).map(({ id }) => id));
    expect(resumeFrom).toBe(4);
    expect([3, 4, 9].map((index) => error.statusOf(index))).toEqual(['in', 'not-in', 'not-in']);
  });

  test.each([[null], [undefined], ['row'], [7]])('a first row that is %p is refused like any other', async (bad) => {
    expect(await failureOf(warehouse.insertBatches('events', [bad as never]))).toMatchObject({
      cause: { name: 'InvalidOptionError', path: 'rows[0]', message: expect.stringContaining('an object with the columns') },
    });
  });

  test('a date that is none is refused with its row and column', async () => {
    const rows = [...numbered(0, 3), { id: 3, note: new Date(Number.NaN) }];
    for (const method of ['copy', 'insert'] as const)
      expect(await failureOf(warehouse.insertBatches('events', rows, { method }))).toMatchObject({ cause: { path: 'rows[3].note' } });
  });

  test('a row that the table refuses takes its batch with it, and no other call', async () => {
    const lock = await other.lock('events');
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const good = warehouse.insertBatches('events', numbered(0, 10));
    const bad = failureOf(warehouse.insertBatches('events', [...numbered(20, 24), { id: 20, note: 'again' }]));
    const fine = warehouse.insertBatches('events', numbered(40, 50));
    await waits;
    await lock.unlock();
    await Promise.all([good, fine]);
    expect(await bad).toMatchObject({ inserted: [], unknown: [], resumeFrom: 0, cause: { code: '23505' } });
    expect((await ids()).length).toBe(20);
  });

  test('upserts of the same row that wait together all go in, in order', async () => {
    const onConflict = '(id) do update set note = excluded.note';
    const lock = await other.lock('events');
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const upserts = ['one', 'two', 'three'].map((note) => warehouse.insertBatches('events', [{ id: 7, note }], { onConflict }));
    await waits;
    await lock.unlock();
    await Promise.all(upserts);
    expect((await pool.query('select * from events')).rows).toEqual([{ id: 7, note: 'three' }]);
  });

  test.each(['P0001', '08001', 'ZZ999', '0A000', '09000', '38000', '55P03', '57014', 'XX000'])(
    'a row that a trigger refuses takes its batch with it, and no other call: %s',
    async (code) => {
      await pool.query(`
      drop table if exists checked;
      create table checked (id int);
      create or replace function refuse() returns trigger language plpgsql as
        $$ begin if new.id = 13 then raise sqlstate '${code}'; end if; return new; end $$;
      create trigger refuse before insert on checked for each row execute function refuse()`);
      const lock = await other.lock('checked');
      const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
      const good = warehouse.insertBatches('checked', [{ id: 1 }]);
      const bad = failureOf(warehouse.insertBatches('checked', [{ id: 13 }]));
      const fine = warehouse.insertBatches('checked', [{ id: 2 }]);
      await waits;
      await lock.unlock();
      await Promise.all([good, fine]);
      expect(await bad).toMatchObject({ resumeFrom: 0, cause: { code } });
      expect((await pool.query('select id from checked order by id')).rows).toEqual([{ id: 1 }, { id: 2 }]);
    },
  );

  test('a call inside a run that holds another table does not make the others its own', async () => {
    const lock = await other.lock('events');
    let outside: Promise<unknown> | undefined;
    await locker.run('totals', async () => {
      // It could deadlock if it waited for a name that sorts before what it holds, so it does not.
      const inside = failureOf(warehouse.insertBatches('events', numbered(0, 10)));
      outside = detached(() => warehouse.insertBatches('events', numbered(10, 20)));
      outside.catch(() => {});
      expect(await inside).toBeInstanceOf(ResourceBusyError);
    });
    await lock.unlock();
    await outside;
    expect((await ids()).length).toBe(10);
  });

  test('what watches cannot harm, not even later', async () => {
    const rejected: unknown[] = [];
    const listen = (reason: unknown): void => void rejected.push(reason);
    process.on('unhandledRejection', listen);
    const onProgress = async (): Promise<void> => {
      throw new Error('watcher');
    };
    await warehouse.insertBatches('events', numbered(0, 10), { onProgress });
    await new Promise((resolve) => setImmediate(resolve)); // Node tells of rejections before it
    process.off('unhandledRejection', listen);
    expect(rejected).toEqual([]);
  });

  test('onConflict: rows that are there are left or updated; what could conflict with another batch takes the table alone', async () => {
    await warehouse.insertBatches('events', numbered(0, 5));
    const scopes: unknown[] = [];
    locker.on('acquired', ({ scope }) => scopes.push(scope.writes.length > 0 ? 'write' : 'append'));
    await warehouse.insertBatches('events', numbered(0, 8), { onConflict: 'do nothing' });
    await warehouse.insertBatches('events', numbered(0, 8), { onConflict: 'do nothing', isolation: 'serializable' });
    await warehouse.insertBatches('events', numbered(0, 8), { onConflict: 'do nothing', isolation: 'serializable', mode: 'append' });
    expect((await ids()).length).toBe(8);
    await warehouse.insertBatches('events', [{ id: 3, note: 'new' }], { onConflict: '(id) do update set note = excluded.note' });
    // Words in quotes and comments are no clauses.
    await warehouse.insertBatches('events', numbered(0, 8), { onConflict: `(id) where note <> 'do update' do nothing -- do update` });
    await warehouse.insertBatches('events', numbered(4, 8), { onConflict: '(id) do/**/update set note = excluded.note' });
    expect(scopes).toEqual(['append', 'write', 'append', 'write', 'append', 'write']);
    expect((await pool.query('select note from events where id = 3')).rows).toEqual([{ note: 'new' }]);
  });

  test('an aborted signal ends it before the next batch; what is in is told', async () => {
    const controller = new AbortController();
    const error = await failureOf(
      warehouse.insertBatches('events', slowly(numbered(0, 1_000)), {
        batchRows: 100,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      }),
    );
    const done = await ids();
    expect(done.length).toBeLessThan(1_000);
    expect(error.resumeFrom).toBe(done.length);
    expect(done).toEqual(numbered(0, done.length).map(({ id }) => id));
    await expect(warehouse.insertBatches('events', numbered(2_000, 2_001), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'InsertError',
      resumeFrom: 0,
    });
  });

  test('a source that breaks is the cause; what is in is told', async () => {
    async function* broken(): AsyncGenerator<{ id: number; note: string }> {
      yield* numbered(0, 10);
      throw new Error('upstream');
    }
    expect(await failureOf(warehouse.insertBatches('events', broken(), { batchRows: 5 }))).toMatchObject({
      cause: { message: 'upstream' },
      resumeFrom: 10,
    });
  });

  test('a busy table ends the wait with who holds it', async () => {
    const lock = await other.lock('events');
    expect(await failureOf(warehouse.insertBatches('events', numbered(0, 1), { retry: { maxWaitMs: 20 } }))).toMatchObject({
      name: 'ResourceBusyError',
      holders: [{ job: 'rewrite' }],
    });
    await lock.unlock();
  });

  test('a table that is taken halfway is the cause; what is in is told', async () => {
    let lock: Lock | undefined;
    async function* halting(): AsyncGenerator<{ id: number; note: string }> {
      yield* numbered(0, 5);
      await inserted;
      lock = await other.lock('events');
      yield* numbered(5, 10);
    }
    let tell = (): void => {};
    const inserted = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const inserting = warehouse.insertBatches('events', halting(), { batchRows: 5, retry: { maxWaitMs: 20 }, onProgress: () => tell() });
    expect(await failureOf(inserting)).toMatchObject({
      name: 'InsertError',
      resumeFrom: 5,
      cause: { name: 'ResourceBusyError', holders: [{ job: 'rewrite' }] },
    });
    await lock?.unlock();
  });

  test('a table that does not exist, and wrong options', async () => {
    expect(await failureOf(warehouse.insertBatches('nowhere', numbered(0, 1)))).toMatchObject({ cause: { code: '42P01' } });
    await expect(warehouse.insertBatches('events', 7 as never)).rejects.toMatchObject({ path: 'rows' });
    await expect(warehouse.insertBatches('', [])).rejects.toMatchObject({ path: 'table' });
    await expect(warehouse.insertBatches('events', [], { batchRows: 0 })).rejects.toMatchObject({ path: 'batchRows' });
    await expect(warehouse.insertBatches('events', [], { method: 'copy', onConflict: 'do nothing' })).rejects.toMatchObject({
      path: 'method',
    });
    await expect(warehouse.insertBatches('events', [])).resolves.toMatchObject({ rows: 0, batches: 0 });
  });

  test('inside a run that holds the table, an insert does not queue behind those who wait for that run', async () => {
    let outside: Promise<unknown> | undefined;
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    await locker.run('events', async () => {
      outside = Promise.resolve().then(() => detached(() => warehouse.insertBatches('events', numbered(10, 20))));
      await waits;
      await warehouse.insertBatches('events', numbered(0, 10));
      expect((await ids()).length).toBe(10);
    });
    await outside;
    expect((await ids()).length).toBe(20);
  });

  test('an abort does not wait for a source that gives nothing, nor for the lock', async () => {
    async function* stuck(): AsyncGenerator<{ id: number; note: string }> {
      yield* numbered(0, 5);
      await new Promise(() => {});
    }
    const controller = new AbortController();
    const inserting = failureOf(
      warehouse.insertBatches('events', stuck(), { batchRows: 5, signal: controller.signal, onProgress: () => controller.abort() }),
    );
    expect(await inserting).toMatchObject({ resumeFrom: 5, cause: { name: 'AbortError' } });
    const third = new AbortController();
    const stream = new Readable({ objectMode: true, read() {} });
    setImmediate(() => third.abort());
    await failureOf(warehouse.insertBatches('events', stream, { signal: third.signal }));
    expect(stream.destroyed).toBe(true);
    const fourth = new AbortController();
    const cancel = jest.fn<() => void>();
    const web = new ReadableStream<{ id: number; note: string }>({ cancel });
    setImmediate(() => fourth.abort());
    await failureOf(warehouse.insertBatches('events', web, { signal: fourth.signal }));
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(web.locked).toBe(false);
    const lock = await other.lock('events');
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const second = new AbortController();
    const waiting = failureOf(warehouse.insertBatches('events', numbered(10, 20), { signal: second.signal }));
    await waits;
    second.abort();
    expect(await waiting).toMatchObject({ resumeFrom: 0, cause: { name: 'AbortError' } });
    await lock.unlock();
  });

  test('a pool of one connection is enough', async () => {
    const single = new pg.Pool({ connectionString: service.url, max: 1 });
    await createWarehouse({ pool: single, locker }).insertBatches('events', numbered(0, 10), { batchRows: 3 });
    expect((await ids()).length).toBe(10);
    await single.end();
  });

  test('a date is the same moment by either method, in columns with and without a time zone', async () => {
    await pool.query('create table if not exists moments (method text, plain timestamp, zoned timestamptz)');
    const moment = new Date('2001-07-01T12:34:56.789Z');
    for (const method of ['copy', 'insert'] as const)
      await warehouse.insertBatches('moments', [{ method, plain: moment, zoned: moment }], { method });
    const { rows } = await pool.query('select plain, zoned from moments');
    expect(rows).toEqual([
      { plain: moment, zoned: moment },
      { plain: moment, zoned: moment },
    ]);
  });
});
