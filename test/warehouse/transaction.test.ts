import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type Lock, LockLostError, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { startProxy } from '../support/proxy.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let backend: MemoryStore;
  let store: FaultyStore;
  let locker: ResourceLocker;
  let warehouse: Warehouse;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 4 });
    await pool.query('create table events (id int, note text)');
  });
  afterAll(() => pool.end());

  const fresh = async (options: object = {}): Promise<void> => {
    backend = memoryStore();
    store = faultyStore(backend.connect());
    locker = createLocker({ store, job: 'test' });
    warehouse = createWarehouse({ pool, locker, isolation: 'serializable', ...options });
    await pool.query('truncate events');
  };
  afterEach(async () => {
    await locker.close({ timeoutMs: 500 });
    expect(pool.waitingCount).toBe(0);
    expect(pool.idleCount).toBe(pool.totalCount);
  });
  const rows = async (): Promise<number> => (await pool.query('select from events')).rowCount as number;

  test('takes the scope before BEGIN and lets go after COMMIT', async () => {
    await fresh();
    const order: string[] = [];
    locker.on('acquired', () => order.push('lock'));
    locker.on('released', () => order.push('unlock'));
    const connect = pool.connect.bind(pool);
    pool.on('acquire', () => order.push('connection'));
    const value = await warehouse.transaction({ appends: 'events' }, async (client, lock) => {
      order.push('work');
      expect(locker.current('events')).toBe(lock);
      await client.query('insert into events values (1)');
      expect((await client.query('show transaction_isolation')).rows).toEqual([{ transaction_isolation: 'serializable' }]);
      return 'done';
    });
    pool.removeAllListeners('acquire');
    expect(connect).toBeDefined();
    expect(value).toBe('done');
    expect(order).toEqual(['lock', 'connection', 'work', 'unlock']);
    expect(await rows()).toBe(1);
  });

  test("the work's error rolls back and reaches the caller", async () => {
    await fresh();
    const error = new Error('mine');
    await expect(
      warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await rows()).toBe(0);
  });

  test('a failed statement that the work ignores is not passed off as committed', async () => {
    await fresh();
    await expect(
      warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        await client.query('select 1/0').catch(() => {});
      }),
    ).rejects.toMatchObject({ code: 'ERR_GIVEWAY_ROLLED_BACK', cause: { code: '22012' }, message: expect.stringContaining('22012') });
    expect(await rows()).toBe(0);
  });

  test('a conflict that the work ignores runs the whole transaction again all the same', async () => {
    await fresh({ conflictRetry: { delayMs: 1 } });
    await pool.query("insert into events values (1, 'a')");
    let runs = 0;
    await warehouse.transaction('events', async (client) => {
      runs++;
      await client.query('savepoint here');
      await client.query('select 1/0').catch(() => {});
      await client.query('rollback to savepoint here');
      await client.query('select * from events');
      if (runs === 1) await pool.query("update events set note = note || 'x'");
      await client.query("update events set note = note || 'y'").catch(() => {});
      await client.query('select 1').catch(() => {});
    });
    expect(runs).toBe(2);
    expect((await pool.query('select note from events')).rows).toEqual([{ note: 'axy' }]);
  });

  test('what fails behind an ignored error has that one as its cause, and a conflict is one', async () => {
    await fresh({ conflictRetry: { delayMs: 1 } });
    await pool.query("insert into events values (1, 'a')");
    const divided = warehouse.transaction('events', async (client) => {
      await client.query('select 1/0').catch(() => {});
      await client.query('select 1');
    });
    await expect(divided).rejects.toMatchObject({ code: '25P02', cause: { code: '22012' } });
    let runs = 0;
    await warehouse.transaction('events', async (client) => {
      runs++;
      await client.query('select * from events');
      if (runs === 1) await pool.query("update events set note = note || 'x'");
      await client.query("update events set note = note || 'y'").catch(() => {});
      await client.query("insert into events values (2, 'b')");
    });
    expect(runs).toBe(2);
    expect(await rows()).toBe(2);
  });

  test('waits while busy, and throws when the wait runs out', async () => {
    await fresh();
    const other = createLocker({ store: backend.connect(), job: 'rewrite' });
    const lock = await other.lock('events');
    await expect(warehouse.transaction('events', () => {}, { retry: { maxWaitMs: 30 } })).rejects.toBeInstanceOf(ResourceBusyError);
    const waits = warehouse.transaction('events', () => 'in');
    await lock.unlock();
    await expect(waits).resolves.toBe('in');
  });

  test('a conflict runs the whole transaction again, under the same lock', async () => {
    await fresh({ conflictRetry: { delayMs: 1 } });
    const told: number[] = [];
    locker.on('conflict', ({ code, attempt }) => void told.push(code === '40001' ? attempt : -1));
    await pool.query("insert into events values (1, 'a')");
    const tokens = new Set<string>();
    await warehouse.transaction('events', async (client, lock: Lock) => {
      tokens.add(lock.token);
      await client.query('select * from events');
      if (told.length < 2) await pool.query("update events set note = note || 'x'");
      await client.query("update events set note = note || 'y'");
    });
    expect(told).toEqual([1, 2]);
    expect(tokens.size).toBe(1);
    expect((await pool.query('select note from events')).rows).toEqual([{ note: 'axxy' }]);
  });

  test('a conflict that outlives its retries is thrown', async () => {
    await fresh({ conflictRetry: { delayMs: 1, maxRetries: 1 } });
    await pool.query("insert into events values (1, 'a')");
    let runs = 0;
    const always = warehouse.transaction('events', async (client) => {
      runs++;
      await client.query('select * from events');
      await pool.query("update events set note = note || 'x'");
      await client.query("update events set note = note || 'y'");
    });
    await expect(always).rejects.toMatchObject({ code: '40001' });
    expect(runs).toBe(2);
  });

  const steal = async (): Promise<void> => {
    const entry = await store.read('giveway:events');
    if (entry !== undefined) await store.remove('giveway:events', entry.version);
  };

  test('a lock lost while a statement runs cancels it on the server, and rolls back', async () => {
    await fresh({ ttlMs: 1_000 });
    const started = Date.now();
    await expect(
      warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        await steal();
        await client.query('select pg_sleep(20)');
      }),
    ).rejects.toMatchObject({ name: 'LockLostError', reason: 'vanished', cause: { code: '57014' } });
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await rows()).toBe(0);
  });

  test('a lock lost between two statements keeps the second from being sent', async () => {
    await fresh({ ttlMs: 1_000 });
    await expect(
      warehouse.transaction('events', async (client, lock) => {
        await client.query('insert into events values (1)');
        await steal();
        await new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
        await client.query('insert into events values (2)');
      }),
    ).rejects.toBeInstanceOf(LockLostError);
    expect(await rows()).toBe(0);
  });

  test('a pool of one connection, which cannot cancel, is cut instead of deadlocked', async () => {
    await fresh({ ttlMs: 1_000 });
    const single = new pg.Pool({ connectionString: service.url, max: 1 });
    single.on('error', () => {});
    const lonely = createWarehouse({ pool: single, locker, ttlMs: 1_000 });
    await expect(
      lonely.transaction('events', async (client) => {
        await steal();
        await client.query('select pg_sleep(20)');
      }),
    ).rejects.toBeInstanceOf(LockLostError);
    expect((await single.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await single.end();
  });

  test("onLost 'continue' commits all the same", async () => {
    await fresh({ ttlMs: 1_000, onLost: 'continue' });
    await warehouse.transaction('events', async (client, lock) => {
      await steal();
      await new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
      await client.query('insert into events values (2)');
    });
    expect(await rows()).toBe(1);
  });

  test('a connection that dies in the middle is an error, and leaves a usable pool', async () => {
    await fresh();
    await expect(
      warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        const { rows: pids } = await client.query('select pg_backend_pid() as pid');
        await pool.query('select pg_terminate_backend($1)', [pids[0].pid]);
        await client.query('insert into events values (2)');
      }),
    ).rejects.toBeInstanceOf(Error);
    expect(await rows()).toBe(0);
  });

  test('a connection that somebody gave back in the middle of a transaction is refused and destroyed', async () => {
    for (const _ of [1, 2]) {
      await fresh({ isolation: undefined });
      const careless = await pool.connect();
      await careless.query('begin; insert into events values (13)');
      careless.release();
      await expect(warehouse.transaction('events', (client) => client.query('insert into events values (1)'))).rejects.toMatchObject({
        code: 'ERR_GIVEWAY_OPEN_TRANSACTION',
      });
      await warehouse.transaction('events', (client) => client.query('insert into events values (1)'));
      expect((await pool.query('select id from events')).rows).toEqual([{ id: 1 }]);
      await locker.close();
    }
  });

  test('audit: a write outside the scope is told, or refused before it is sent', async () => {
    await fresh({ audit: 'throw' });
    await expect(warehouse.transaction({ reads: 'events' }, (client) => client.query('delete from public.events'))).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_UNLOCKED_WRITE',
    });
    await expect(warehouse.transaction({ appends: 'events' }, (client) => client.query('update events set id = 1'))).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_UNLOCKED_WRITE',
    });
    await warehouse.transaction({ appends: 'events' }, (client) => client.query('insert into events select 1'));
    const late: unknown[] = [];
    locker.on('late-lock', ({ tables, job }) => late.push(tables, job));
    await warehouse.transaction({ reads: 'events' }, (client) => client.query('delete from events'), { audit: 'warn' });
    expect(late).toEqual([['events'], 'test']);
  });

  test('audit: temporary tables of the session are its own, and names are those of the locker', async () => {
    await fresh({ audit: 'throw' });
    await warehouse.transaction({ appends: 'events' }, async (client) => {
      await client.query('create temporary table stage (id int) on commit drop');
      await client.query('insert into stage values (1)');
      await client.query('insert into events select id from stage');
    });
    const elsewhere = createWarehouse({ pool, locker: createLocker({ store, defaultSchema: service.prefix }), audit: 'throw' });
    await elsewhere.transaction('events', (client) => client.query(`delete from ${service.prefix}.events`));
    expect(await rows()).toBe(0);
  });

  test('the work cannot end its transaction, nor use the client after it', async () => {
    await fresh();
    const misuse = expect.objectContaining({ code: 'ERR_GIVEWAY_CLIENT' });
    for (const sql of ['commit', '/* x */ ROLLBACK', 'select 1; end', 'begin']) {
      const ended = warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        await client.query(sql);
      });
      await expect(ended).rejects.toEqual(misuse);
    }
    let kept: pg.PoolClient | undefined;
    await warehouse.transaction('events', async (client) => {
      kept = client;
      await client.query('savepoint here');
      await client.query('insert into events values (1)');
      await client.query('rollback to savepoint here');
    });
    await expect(kept?.query('delete from events')).rejects.toEqual(misuse);
    expect(await rows()).toBe(0);
  });

  test('a pool without a free connection does not hold a transaction up for longer than its lock', async () => {
    await fresh({ maxHoldMs: 200 });
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
    await expect(warehouse.transaction('events', () => {})).rejects.toMatchObject({ name: 'LockLostError', reason: 'max-hold' });
    for (const client of clients) client.release();
    expect(await rows()).toBe(0);
  });

  test.each([
    ['a statement', (client: pg.PoolClient) => client.query('select 1'), 'LockLostError'],
    ['COMMIT', () => undefined, 'GivewayError'],
    ['ROLLBACK', () => Promise.reject(new Error('mine')), 'Error'],
  ] as const)('a database that stops answering at %s ends it in bounded time, and leaves a usable pool', async (_, work, name) => {
    await fresh();
    const address = new URL(service.url);
    const proxy = await startProxy({ host: address.hostname, port: Number(address.port) }, { protocol: 'postgres' });
    address.port = String(proxy.port);
    const proxied = new pg.Pool({ connectionString: address.href, max: 2 });
    proxied.on('error', () => {});
    const cutOff = createWarehouse({ pool: proxied, locker, maxHoldMs: 1_500 }).transaction('events', async (client) => {
      await client.query('insert into events values (1)');
      proxy.dropRequests();
      return work(client);
    });
    const startMs = Date.now();
    await expect(cutOff).rejects.toMatchObject({ name });
    expect(Date.now() - startMs).toBeLessThan(12_000);
    proxy.heal();
    proxy.resetConnections();
    expect((await proxied.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await proxied.end();
    await proxy.close();
    expect(await rows()).toBe(0);
  });

  test.each([
    [
      'while a statement runs',
      'cancel',
      (client: pg.PoolClient, abort: () => void) => Promise.all([client.query('select pg_sleep(20)'), abort()]),
    ],
    ['between statements', 'cancel', (_: pg.PoolClient, abort: () => void) => abort()],
    [
      'while a statement runs, where a lost lock would not matter',
      'continue',
      (client: pg.PoolClient, abort: () => void) => Promise.all([client.query('select pg_sleep(20)'), abort()]),
    ],
    [
      'and then a conflict comes',
      'cancel',
      (client: pg.PoolClient, abort: () => void) => Promise.all([abort(), client.query(`do $$ begin raise sqlstate '40001'; end $$`)]),
    ],
  ] as const)('an abort %s cancels and rolls back, with an AbortError', async (_, onLost, work) => {
    await fresh();
    const controller = new AbortController();
    let runs = 0;
    const aborted = warehouse.transaction(
      'events',
      async (client) => {
        runs++;
        await client.query('insert into events values (1)');
        await work(client, () => controller.abort('stop'));
      },
      { signal: controller.signal, onLost },
    );
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect(runs).toBe(1);
    expect(await rows()).toBe(0);
  });

  test('an abort does not wait for a connection', async () => {
    await fresh();
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
    const controller = new AbortController();
    locker.on('acquired', () => setImmediate(() => controller.abort('stop')));
    await expect(warehouse.transaction('events', () => {}, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    for (const client of clients) client.release();
    expect(await rows()).toBe(0);
  });

  test('a conflict that spoils its connection is tried again on another', async () => {
    await fresh({ conflictRetry: { delayMs: 1 } });
    const pids: number[] = [];
    await warehouse.transaction('events', async (client) => {
      const { rows: found } = await client.query('select pg_backend_pid() as pid');
      if (pids.push(found[0].pid) === 1)
        await client.query(`do $$ begin raise 'could not complete because of conflict with concurrent transaction'; end $$`);
    });
    expect(new Set(pids).size).toBe(2);
  });

  test('the client cannot be released inside the work; bad options are named', async () => {
    await fresh();
    await expect(warehouse.transaction('events', (client) => client.release())).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLIENT' });
    const ended = warehouse.transaction('events', (client) => (client as unknown as pg.Client).end());
    await expect(ended).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLIENT' });
    await expect(warehouse.transaction('events', () => {}, { isolation: 'chaos' as never })).rejects.toMatchObject({ path: 'isolation' });
    await expect(warehouse.transaction('events', () => {}, { audti: 'off' } as never)).rejects.toMatchObject({ path: 'audti' });
    await expect(warehouse.transaction('events', () => {}, { conflictRetry: { maxRetries: -1 } })).rejects.toMatchObject({
      path: 'conflictRetry.maxRetries',
    });
    expect(() => createWarehouse({ pool, locker, onLost: 'ignore' as never })).toThrow(expect.objectContaining({ path: 'onLost' }));
    expect(() => createWarehouse({ pool: {} as never, locker })).toThrow(expect.objectContaining({ path: 'pool' }));
  });
});
