import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { createLocker } from '../../../src/index.ts';
import { decodeRecord } from '../../../src/lock/record/record.ts';
import { type ShedlockTableOptions, shedlockTable } from '../../../src/stores/shedlock/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { freshName, record, shedlockDdl } from './stage.ts';

const minute = 60_000;

describe('options of shedlockTable', () => {
  const pool = { connect: async () => ({}) };
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['usingDbTime', { usingDbTime: undefined }, /received undefined; true is allowed .* \{ timeZone: 'America\/New_York' \}/],
    ['usingDbTime', { usingDbTime: false }, /received false; true is allowed/],
    ['usingDbTime', { usingDbTime: {} }, /received an object; true is allowed/],
    ['usingDbTime.timeZone', { usingDbTime: { timeZone: 'New York' } }, /IANA name/],
    ['usingDbTime.timeZone', { usingDbTime: { timeZone: '+05:00' } }, /IANA name/],
    ['usingDbTime.timeZone', { usingDbTime: { timeZone: 'GMT+5' } }, /IANA name/],
    ['usingDbTime.timeZone', { usingDbTime: { timeZone: "UTC'; drop table shedlock; --" } }, /IANA name/],
    ['connectionString', { pool: undefined }, /either `connectionString` or `pool`/],
    ['connectionString', { connectionString: 'postgres://x/y' }, /received "both"/],
    ['pool', { pool: 'postgres://user:secret@x/y' }, /a Pool of pg is allowed/],
    ['connectionString', { pool: undefined, connectionString: 'secret' }, /a URL such as/],
    ['table', { table: 'a b' }, /lower-case letters/],
    ['timeoutMs', { timeoutMs: 0 }, /integer from 1 to 60000/],
    ['breaker.failures', { breaker: { failures: 0 } }, /whole number/],
  ])('%s is refused: %j', (path, wrong, message) => {
    const options = { pool, usingDbTime: true, ...wrong } as unknown as ShedlockTableOptions;
    const refused = expect.objectContaining({ name: 'InvalidOptionError', path, message: expect.stringMatching(message) });
    expect(() => shedlockTable(options)).toThrow(refused);
    expect(() => shedlockTable(options)).not.toThrow(/secret/);
  });

  test.each(['UTC', 'America/New_York', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('%s is a time zone', (timeZone) => {
    expect(() => shedlockTable({ pool: pool as never, usingDbTime: { timeZone } })).not.toThrow();
  });
});

describeWith('postgres', (service) => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: service.url, max: 4 });
  });
  afterAll(() => pool.end());

  /** A table of its own, as `columns` say. */
  async function tableWith(columns: string): Promise<string> {
    const table = uniqueName();
    await pool.query(`create table ${table} (${columns})`);
    return table;
  }
  const shedlocks = shedlockDdl.slice(shedlockDdl.indexOf('(') + 1, -1);
  const open = (table: string, usingDbTime: ShedlockTableOptions['usingDbTime'] = true) =>
    shedlockTable({ pool, table, usingDbTime, timeoutMs: 10_000 });

  test.each<[string, string, string, RegExp]>([
    [
      'has no lock_until',
      'lock_until timestamp',
      'locked_until timestamp',
      /no column lock_until; it has name, locked_until, locked_at, locked_by/,
    ],
    ['has no name', 'name varchar(64)', 'id varchar(64) default 1, name_ varchar(64)', /no column name/],
    [
      'has a lock_until with a zone',
      'lock_until timestamp',
      'lock_until timestamptz',
      /lock_until of type timestamp with time zone; timestamp without time zone is needed/,
    ],
    ['has a lock_until of numbers', 'lock_until timestamp', 'lock_until bigint', /lock_until of type bigint/],
    ['has a locked_at with a zone', 'locked_at timestamp', 'locked_at timestamptz', /locked_at of type timestamp with time zone/],
    ['has too short a locked_by', 'locked_by varchar(255)', 'locked_by varchar(32)', /locked_by of 32 characters; at least 45 are needed/],
    ['has no primary key', ', primary key (name)', '', /no primary key on name/],
  ])('a table that %s is refused with ShedLock’s own definition, and nothing is written', async (_, from, to, message) => {
    const columns = shedlocks
      .replace(from, to)
      .replace(/primary key \(name\)/, (key) => (to.includes('name_') ? 'primary key (name_)' : key));
    const table = await tableWith(columns);
    const store = open(table);
    const locker = createLocker({ store });
    // A wrong set-up is no outage: it is thrown whatever onStoreDown says, which is 'run' here.
    await expect(locker.tryLock('job')).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      code: 'ERR_GIVEWAY_STORE_SETUP',
      message: expect.stringMatching(message),
    });
    await expect(store.create('job', record(), minute)).rejects.toThrow(/lock_until timestamp not null/);
    expect((await pool.query(`select from ${table}`)).rows).toEqual([]);
    await locker.close();
  });

  test('a table that is missing is an error that says how to make it; once it is there, it works', async () => {
    const table = uniqueName();
    const store = open(table);
    const error = await store.read('job').catch((each: Error) => each);
    expect(error).toMatchObject({ code: 'ERR_GIVEWAY_TABLE_MISSING' });
    const [, ddl = ''] = /(create table.*\);)/s.exec(String(error)) ?? [];
    await pool.query(ddl);
    expect(await store.create('job', record(), minute)).toBeDefined();
    await pool.query(`drop table ${table}`);
    await expect(store.read('job')).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_SETUP', message: expect.stringMatching(/is gone/) });
    await pool.query(ddl);
    expect(await store.read('job')).toBeUndefined();
  });

  test('a name longer than its column is refused by name, in characters, and nothing is written', async () => {
    const table = await tableWith(shedlocks.replace('varchar(64)', 'varchar(8)'));
    const locker = createLocker({ store: open(table) });
    await expect(locker.tryLock('ninechars')).rejects.toMatchObject({
      name: 'InvalidOptionError',
      path: 'resource',
      message: expect.stringMatching(/received "ninechars"; .*\.name has room for 8 characters, and this is one of 9/),
    });
    expect((await pool.query(`select from ${table}`)).rows).toEqual([]);
    await using lock = await locker.lock('éééééééé');
    expect(lock.isProtected).toBe(true);
  });

  test('a user who may not write is told what to grant', async () => {
    const table = await tableWith(shedlocks);
    const user = uniqueName('user');
    await pool.query(`create role ${user} login; grant usage on schema ${service.prefix} to ${user}; grant select on ${table} to ${user}`);
    const url = new URL(service.url);
    url.username = user;
    const store = shedlockTable({ connectionString: url.href, table, usingDbTime: true, timeoutMs: 10_000 });
    await expect(store.create('job', record(), minute)).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
      message: expect.stringMatching(/grant select, insert, update/),
    });
    await store.close();
    await pool.query(`drop owned by ${user}; drop role ${user}`);
  });

  test('rows are ShedLock’s: local time of the zone, one locked_by for each acquisition, never deleted', async () => {
    const table = await tableWith(shedlocks);
    const zones = ['UTC', 'America/New_York', 'Asia/Kolkata'];
    for (const timeZone of zones) {
      const locker = createLocker({ store: open(table, { timeZone }), host: 'h'.repeat(255), ttlMs: 30_000 });
      const owners = new Set<string>();
      for (let turn = 0; turn < 2; turn++) {
        await using lock = await locker.lock(timeZone);
        const { rows } = await pool.query(
          `select locked_by, extract(epoch from (lock_until - timezone('${timeZone}', now())))::float8 as left, lock_until - locked_at as ttl
             from ${table} where name = $1`,
          [timeZone],
        );
        owners.add(rows[0].locked_by);
        expect(rows[0].locked_by).toHaveLength(255);
        expect(rows[0].left).toBeGreaterThan(20);
        expect(rows[0].left).toBeLessThanOrEqual(30);
        expect(rows[0].ttl).toMatchObject({ seconds: 30 });
        expect(lock.isProtected).toBe(true);
      }
      expect(owners.size).toBe(2);
      await locker.close();
    }
    const { rows } = await pool.query(`select lock_until = date_trunc('milliseconds', lock_until) as whole from ${table}`);
    // A JVM's clock of ShedLock has no more: whoever lets go does so for it, too.
    expect(rows).toEqual(zones.map(() => ({ whole: true })));
  });

  test('a shortest hold ends when locked_at and it say', async () => {
    const table = await tableWith(shedlocks);
    const locker = createLocker({ store: open(table) });
    await (await locker.lock('job', { minHoldMs: 5_000 })).unlock();
    const { rows } = await pool.query(`select extract(epoch from lock_until - locked_at)::float8 as held from ${table}`);
    expect(Math.abs(rows[0].held - 5)).toBeLessThan(1);
    expect(await locker.tryLock('job')).toBeUndefined();
  });

  test('a row that somebody holds for ever is busy', async () => {
    const table = await tableWith(shedlocks);
    const name = freshName();
    await pool.query(`insert into ${table} values ($1, 'infinity', timezone('utc', now()), 'by hand')`, [name]);
    const store = open(table);
    expect(await store.create(name, record(), minute)).toBeUndefined();
    expect(decodeRecord((await store.read(name))?.value ?? '')?.holders).toMatchObject([{ host: 'by hand', until: 8.64e15 }]);
  });

  test('a connection that breaks costs nothing: the same is sent again, and reads back what became of it', async () => {
    const table = await tableWith(shedlocks);
    let losses = 0;
    const losing = {
      async connect() {
        const client = await pool.connect();
        return {
          on: client.on.bind(client),
          removeListener: client.removeListener.bind(client),
          release: () => client.release(),
          async query(query: { text: string }) {
            const result = await client.query(query);
            if (losses-- > 0) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
            return result;
          },
        };
      },
    };
    const store = shedlockTable({ pool: losing as never, table, usingDbTime: true, timeoutMs: 10_000 });
    await store.read('job');
    losses = 1;
    const first = await store.create('job', record(), minute);
    expect(first).toBeDefined();
    losses = 1;
    const second = first && (await store.replace('job', record(), first, minute));
    expect(second).toBeDefined();
    losses = 1;
    expect(second && (await store.remove('job', second))).toBe(true);
    expect(await store.create('job', record(), minute)).toBeDefined();
    losses = 1;
    expect(await store.create('job', record(), minute)).toBeUndefined();
    losses = 1;
    await expect(second && store.remove('job', second)).rejects.toMatchObject({ message: expect.stringMatching(/somebody else has it/) });
  });
});
