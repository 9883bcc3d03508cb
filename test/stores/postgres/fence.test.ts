import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Pool, type PoolClient } from 'pg';
import { createLocker } from '../../../src/lock/api/locker.ts';
import {
  assertFence,
  createFenceTableSql,
  type FencedLock,
  fencedTransaction,
  type Isolation,
  postgresStore,
} from '../../../src/stores/postgres/index.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';

const holder = (fence: bigint | undefined, ...writes: string[]): FencedLock => ({ fence, scope: { writes } });

describeWith('postgres', (service) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = new Pool({ connectionString: service.url });
    await pool.query(createFenceTableSql());
    await pool.query('create table written (by text)');
  });
  afterAll(() => pool.end());

  const write = (by: string) => (client: PoolClient) => client.query('insert into written values ($1)', [by]);
  const writers = async (like: string): Promise<string[]> =>
    (await pool.query<{ by: string }>('select by from written where by like $1 order by by', [`${like}%`])).rows.map(({ by }) => by);

  test('a holder writes as often as it likes; after a newer one has, it is refused and nothing of it stays', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fencedTransaction(pool, holder(5n, a), write(`${a} 1`));
    await fencedTransaction(pool, holder(5n, a), write(`${a} 2`));
    await fencedTransaction(pool, holder(7n, a, b), write(`${a} 3`));
    let ran = false;
    const stale = fencedTransaction(pool, holder(6n, b, a), () => {
      ran = true;
    });
    await expect(stale).rejects.toMatchObject({ name: 'LockLostError', reason: 'stolen', resource: b });
    expect(ran).toBe(false);
    expect(await writers(a)).toEqual([`${a} 1`, `${a} 2`, `${a} 3`]);
  });

  describeWith('redis', (redis) => {
    test('fences of locks in Redis: whose lock another has had since is refused, also after it expired unseen', async () => {
      const client = new Redis(redis.url);
      const resource = uniqueName('table');
      const open = () => createLocker({ store: redisStore({ client }), namespace: redis.prefix, closesStore: true });
      const [one, two] = [open(), open()];
      const stale = await one.lock(resource, { ttlMs: 1_000, heartbeat: false });
      await fencedTransaction(pool, stale, write(`${resource} 1`));
      const newer = await two.lock(resource);
      expect(newer.fence).toBeGreaterThan(stale.fence ?? 0n);
      await fencedTransaction(pool, newer, write(`${resource} 2`));
      const late = fencedTransaction(pool, stale, write(`${resource} 3`));
      await expect(late).rejects.toMatchObject({ name: 'LockLostError', reason: 'stolen' });
      expect(await writers(resource)).toEqual([`${resource} 1`, `${resource} 2`]);
      await Promise.all([one.close(), two.close()]);
      client.disconnect();
    });
  });

  test('resources are independent of each other', async () => {
    const [a, b] = [uniqueName('a'), uniqueName('b')];
    await fencedTransaction(pool, holder(9n, a), write(a));
    await fencedTransaction(pool, holder(3n, b), write(b));
    expect([await writers(a), await writers(b)]).toEqual([[a], [b]]);
  });

  test.each<[Isolation, object]>([
    ['read committed', { name: 'LockLostError', reason: 'stolen' }],
    ['repeatable read', { code: '40001' }],
    ['serializable', { code: '40001' }],
  ])('of two transactions at once the older holder cannot write after the newer: %s', async (isolation, refusal) => {
    const a = uniqueName('a');
    let older: Promise<unknown> = Promise.resolve();
    await fencedTransaction(
      pool,
      holder(8n, a),
      async (client: PoolClient) => {
        older = fencedTransaction(pool, holder(4n, a), write(`${a} older`), { isolation });
        older.catch(() => {});
        await blocked(1);
        await write(`${a} newer`)(client);
      },
      { isolation },
    );
    await expect(older).rejects.toMatchObject(refusal);
    expect(await writers(a)).toEqual([`${a} newer`]);
  });

  test('the newer holder waits until the transaction of the older has ended', async () => {
    const a = uniqueName('a');
    const order: string[] = [];
    let newer: Promise<unknown> = Promise.resolve();
    await fencedTransaction(pool, holder(1n, a), async () => {
      newer = fencedTransaction(pool, holder(2n, a), () => order.push('newer'));
      await blocked(1);
      order.push('older');
    });
    await newer;
    expect(order).toEqual(['older', 'newer']);
  });

  test('transactions over the same resources in any order wait for each other, never in a circle', async () => {
    const names = Array.from({ length: 6 }, (_, index) => uniqueName(`n${index}`));
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const shuffled = names.map((_, place) => names[(place * 5 + index) % names.length] as string);
        return fencedTransaction(pool, holder(1n, ...shuffled), write(`${names[0]} ${index}`));
      }),
    );
    expect(await writers(names[0] as string)).toHaveLength(40);
  });

  test('an error of the work rolls back and reaches the caller; the connection is good afterwards', async () => {
    const a = uniqueName('a');
    const failing = fencedTransaction(pool, holder(9n, a), async (client: PoolClient) => {
      await write(a)(client);
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    expect(await writers(a)).toEqual([]);
    await fencedTransaction(pool, holder(1n, a), write(a)); // the fence was rolled back too
  });

  test('a statement that failed unheeded has rolled everything back, and the caller is told', async () => {
    const a = uniqueName('a');
    const heedless = fencedTransaction(pool, holder(1n, a), async (client: PoolClient) => {
      await write(a)(client);
      await client.query('select 1 / 0').catch(() => {});
      return 'written';
    });
    await expect(heedless).rejects.toMatchObject({ name: 'GivewayError', code: 'ERR_GIVEWAY_ROLLED_BACK' });
    expect(await writers(a)).toEqual([]);
  });

  test('a connection that breaks under the work is an error, not a crash', async () => {
    const breaking = fencedTransaction(pool, holder(1n, uniqueName('a')), (client: PoolClient) =>
      client.query('select pg_terminate_backend(pg_backend_pid())'),
    );
    await expect(breaking).rejects.toMatchObject({ code: '57P01' });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('a session that is ended between two statements: rolled back, known, or the server’s own word', async () => {
    const timeOut = 'set local idle_in_transaction_session_timeout = 50';
    const ended = (client: PoolClient): Promise<void> => new Promise((resolve) => client.once('error', () => resolve()));
    const a = uniqueName('a');
    const before = (wait: (client: PoolClient) => unknown, after: (client: PoolClient) => unknown): Promise<unknown> =>
      fencedTransaction(pool, holder(1n, a), async (client: PoolClient) => {
        await write(a)(client);
        await client.query(timeOut);
        await wait(client);
        await after(client);
      });
    const busy = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    for (const wait of [ended, busy])
      await expect(before(wait, () => {})).rejects.toMatchObject({ code: 'ERR_GIVEWAY_ROLLED_BACK', cause: { code: '25P03' } });
    await expect(before(ended, write(a))).rejects.toMatchObject({ code: '25P03' });
    expect(await writers(a)).toEqual([]);
  });

  test('a lock without a fence, or without writes, is refused by name', async () => {
    for (const lock of [holder(undefined, 'a'), holder(1n)]) {
      await expect(fencedTransaction(pool, lock, () => {})).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'lock.fence' });
    }
    await expect(fencedTransaction(pool, holder(1n, 'a'), () => {}, { isolation: 'chaos' as Isolation })).rejects.toThrow(
      'isolation: received "chaos"; read committed, repeatable read, serializable are allowed',
    );
  });

  test('a missing fence table is an error that says how to make it, and another name can be chosen', async () => {
    const table = uniqueName('fences');
    await expect(assertFence(pool, holder(1n, 'a'), { table })).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_TABLE_MISSING',
      message: `Postgres has no table ${table}. Run:\n${createFenceTableSql(table)}`,
    });
    await pool.query(createFenceTableSql(table));
    await assertFence(pool, holder(1n, 'a'), { table });
  });

  describe('with locks of a locker', () => {
    test('a holder whose lock expired and passed on cannot write any more', async () => {
      const store = postgresStore({ connectionString: service.url, createTable: true });
      const [one, other] = [createLocker({ store }), createLocker({ store })];
      const resource = uniqueName('table');
      const stalled = await one.lock(resource, { ttlMs: 1_000, heartbeat: false });
      const successor = await other.lock(resource);
      expect(successor.fence).toBeGreaterThan(stalled.fence as bigint);
      await fencedTransaction(pool, successor, write(`${resource} successor`));
      await expect(fencedTransaction(pool, stalled, write(`${resource} stalled`))).rejects.toMatchObject({ reason: 'stolen' });
      expect(await writers(resource)).toEqual([`${resource} successor`]);
      await Promise.all([one.close(), other.close()]);
      await store.close();
    });
  });

  /** Waits until `count` of our transactions wait for another. */
  async function blocked(count: number): Promise<void> {
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into giveway_fences%'`;
    while (((await pool.query(waiting)).rowCount ?? 0) < count);
  }
});
