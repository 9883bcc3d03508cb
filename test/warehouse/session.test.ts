import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, loadSqlParser, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

const byName = (name: string, values: unknown[] = []): pg.QueryConfig => ({ name, values }) as unknown as pg.QueryConfig;

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let warehouse: Warehouse;
  let acquired: unknown[];
  let late: unknown[];
  let notices: string[];

  beforeAll(async () => {
    await loadSqlParser();
    pool = new pg.Pool({ connectionString: service.url, max: 1 });
    await pool.query('create table events (id int)');
  });
  afterAll(() => pool.end());
  beforeEach(() => {
    locker = createLocker({ store: memoryStore() });
    warehouse = createWarehouse({ pool, locker, audit: 'throw' });
    acquired = [];
    late = [];
    notices = [];
    locker.on('acquired', ({ scope }) => acquired.push([...scope.writes, ...scope.appends]));
    locker.on('late-lock', ({ tables }) => late.push(tables));
    locker.on('notice', ({ message }) => notices.push(message));
  });
  afterEach(() => locker.close());

  /** Runs texts on one guarded client; the tables that were locked or told late. */
  const seen = async (...statements: (string | pg.QueryConfig)[]): Promise<readonly unknown[]> => {
    acquired = [];
    late = [];
    const client = await warehouse.guard().connect();
    try {
      for (const statement of statements) await client.query(statement).catch(() => {});
    } finally {
      client.release();
    }
    return [...acquired, ...late];
  };

  test('a prepared statement that comes by its name alone is what it was prepared as', async () => {
    const insert = { name: 'insert', text: 'insert into events values ($1)', values: [1] };
    expect(await seen(insert, byName('insert', [2]), { ...byName('insert', [2]), text: '' })).toEqual([['events'], ['events'], ['events']]);
    // Prepared on the connection by an earlier owner, and by the pool.
    expect(await seen(byName('insert', [3]))).toEqual([['events']]);
    await warehouse.guard().query(byName('insert', [4]));
    expect(acquired.length).toBe(2);
    const inside = warehouse.transaction({ reads: 'events' }, (client) => client.query(byName('insert', [5])));
    await expect(inside).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UNLOCKED_WRITE' });
    expect(notices).toEqual([]);
    await warehouse
      .guard()
      .query(byName('unknown'))
      .catch(() => {});
    expect(notices).toEqual([expect.stringContaining('execute "unknown"')]);
  });

  test('a COMMIT that comes by its name alone does not end a transaction', async () => {
    await pool.query({ name: 'end', text: 'commit' });
    for (const statement of [byName('end'), { ...byName('end'), text: '' }])
      await expect(warehouse.transaction('events', (client) => client.query(statement))).rejects.toMatchObject({
        code: 'ERR_GIVEWAY_CLIENT',
      });
  });

  test('EXECUTE runs what was prepared before, by PREPARE or by a name', async () => {
    expect(await seen('prepare add(int) as insert into events values ($1)', 'execute add(1)', 'EXECUTE "add"(2)')).toEqual([
      ['events'],
      ['events'],
    ]);
    expect(await seen('execute add(3)')).toEqual([['events']]);
    expect(await seen({ name: 'Remove', text: 'delete from events where id = $1', values: [1] }, 'execute "Remove"(2)')).toEqual([
      ['events'],
      ['events'],
    ]);
    const inside = warehouse.transaction({ reads: 'events' }, (client) => client.query('execute add(1)'));
    await expect(inside).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UNLOCKED_WRITE' });
    await pool.query('deallocate all');
  });

  const make = 'create temporary table stage (id int)';
  const write = 'insert into stage values (1)';
  test.each<[string, string[], number]>([
    ['while it is there', [make, write], 0],
    ['after COMMIT', ['begin', make, 'commit', write], 0],
    ['after another savepoint', ['begin', make, 'savepoint a', 'rollback to savepoint a', write, 'rollback'], 0],
    ['after a column was renamed', [make, 'alter table stage rename id to other', 'alter table stage rename column other to id', write], 0],
    ['with ON COMMIT DROP in its transaction', ['begin', `${make} on commit drop`, write, 'commit'], 0],
    ['after ON COMMIT DROP', ['begin', `${make} on commit drop`, 'commit', write], 1],
    ['after ON COMMIT DROP, outside a transaction', [`${make} on commit drop`, write], 1],
    ['after ROLLBACK', ['begin', make, 'rollback', write], 1],
    ['after a COMMIT that rolls back', ['begin', make, 'select 1/0', 'commit', write], 1],
    ['after ROLLBACK AND CHAIN', ['begin', make, 'rollback and chain', write, 'rollback'], 1],
    ['after its savepoint', ['begin', 'savepoint a', make, 'savepoint b', 'rollback to a', write, 'rollback'], 1],
    ['after DISCARD ALL', [make, 'discard all', write], 1],
    ['after DISCARD TEMP', [make, 'discard temp', write], 1],
    ['after DROP TABLE', [make, 'drop table if exists stage', write], 1],
    // The new name may be anybody's.
    ['after it got another name', [make, 'alter table stage rename to other', write], 2],
    ['that could not be made', ['create temporary table stage (id nothing)', write], 1],
  ])('a temporary table %s', async (_what, statements, expected) => {
    expect((await seen(...statements)).length).toBe(expected);
    await pool.query('discard temp');
  });

  test.each<[string, string[], number]>([
    ['is named with its schema', ['create temporary table events (id int)', 'delete from SCHEMA.events'], 1],
    ['is named with its schema beside it', ['create temporary table events (id int)', 'insert into SCHEMA.events select * from events'], 1],
    ['is named with its schema in the same text', ['create temporary table events (id int); delete from SCHEMA.events'], 1],
    ['is written before it is there', ['delete from events; create temporary table events (id int)'], 1],
    ['is written after it is dropped', ['create temporary table events (id int); drop table events; delete from events'], 1],
    [
      'is written after it is dropped, in the next text',
      ['create temporary table events (id int)', 'drop table events; delete from events'],
      1,
    ],
    ['got another name', ['create temporary table events (id int)', 'alter table events rename to mine; delete from events'], 1],
    ['is not meant', ['create temporary table events (id int)', 'insert into events select 1; delete from events'], 0],
  ])('a table of all that has the name of a temporary one, and %s', async (_what, statements, expected) => {
    await locker.close();
    locker = createLocker({ store: memoryStore(), defaultSchema: service.prefix });
    warehouse = createWarehouse({ pool, locker });
    locker.on('acquired', ({ scope }) => acquired.push([...scope.writes, ...scope.appends]));
    const found = await seen(...statements.map((sql) => sql.replaceAll('SCHEMA', service.prefix)));
    await pool.query('discard temp');
    expect(found.filter((tables) => String(tables).split(',').includes('events')).length).toBe(expected);
  });

  test('a PREPARE that is refused changes nothing: what its name stands for is untold from then on', async () => {
    expect(await seen('prepare p as delete from events', 'execute p')).toEqual([['events']]);
    expect(await seen('prepare p as select 1', 'execute p')).toEqual([]);
    expect(notices).toEqual([expect.stringMatching(/what this statement writes.*: execute p$/)]);
    await pool.query('deallocate all');
  });

  test('a transaction that somebody left open on the connection is one: what is written in it is told, and not locked too late', async () => {
    const careless = await pool.connect();
    await careless.query('begin');
    careless.release();
    await seen('delete from events', 'rollback', 'delete from events');
    expect({ late, acquired }).toEqual({ late: [['events']], acquired: [['events']] });
  });

  test('a temporary table is its owner’s alone: who has the connection next means another', async () => {
    expect(await seen(make)).toEqual([]);
    expect(await seen(write)).toEqual([['stage']]);
    await warehouse.transaction('events', (client) =>
      client.query('create temporary table other (id int)').then(() => client.query('insert into other values (1)')),
    );
    const inside = warehouse.transaction('events', (client) => client.query('insert into other values (1)'));
    await expect(inside).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UNLOCKED_WRITE' });
    await pool.query('discard temp');
  });
});
