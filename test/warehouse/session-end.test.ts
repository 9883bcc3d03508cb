import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let warehouse: Warehouse;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 3 });
    pool.on('error', () => {});
    await pool.query('create table events (id int)');
  });
  afterAll(() => pool.end());
  beforeEach(async () => {
    locker = createLocker({ store: memoryStore() });
    warehouse = createWarehouse({ pool, locker });
    await pool.query('truncate events');
  });
  afterEach(async () => {
    await locker.close();
    expect((await pool.query('select from events')).rowCount).toBe(0);
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  const ended = (client: pg.PoolClient): Promise<void> => new Promise((resolve) => client.once('error', () => resolve()));
  const pidOf = async (client: pg.PoolClient): Promise<number> => (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
  const timeOut = 'set local idle_in_transaction_session_timeout = 500';
  const rolledBack = (code: string): object => ({
    code: 'ERR_GIVEWAY_ROLLED_BACK',
    message: expect.stringContaining(code),
    cause: { code },
  });

  test('a session that timed out before COMMIT was sent: rolled back, known', async () => {
    const idle = warehouse.transaction('events', async (client) => {
      await client.query(timeOut);
      await client.query('insert into events values (1)');
      await ended(client);
    });
    await expect(idle).rejects.toMatchObject(rolledBack('25P03'));
  });

  test('the same where the process was too busy to hear of it', async () => {
    const busy = warehouse.transaction('events', async (client) => {
      await client.query(timeOut);
      await client.query('insert into events values (1)');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    });
    await expect(busy).rejects.toMatchObject(rolledBack('25P03'));
  });

  test('the same where a statement was told so, and the work went on', async () => {
    for (const callback of [false, true]) {
      const swallowed = warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        const end = 'select pg_terminate_backend(pg_backend_pid())';
        if (callback) await new Promise<void>((resolve) => client.query(end, () => resolve()));
        else await client.query(end).catch(() => {});
      });
      await expect(swallowed).rejects.toMatchObject(rolledBack('57P01'));
    }
  });

  test('the next statement fails with what the server said, however it is sent', async () => {
    for (const send of [
      (client: pg.PoolClient) => client.query('insert into events values (2)'),
      (client: pg.PoolClient) => client.query(new pg.Query('insert into events values (2)')) as never,
      (client: pg.PoolClient) =>
        new Promise((resolve, reject) => client.query('insert into events values (2)', (error) => (error ? reject(error) : resolve(0)))),
    ]) {
      const late = warehouse.transaction('events', async (client) => {
        await client.query('insert into events values (1)');
        await Promise.all([ended(client), pool.query('select pg_terminate_backend($1)', [await pidOf(client)])]);
        await send(client);
      });
      await expect(late).rejects.toMatchObject({ code: '57P01', severity: 'FATAL' });
    }
  });

  test('a statement that fails like a lost connection and is not one ends nothing', async () => {
    await warehouse.transaction('events', async (client) => {
      await client.query('savepoint here');
      await client.query(`do $$ begin raise sqlstate '08001'; end $$`).catch(() => {});
      await client.query('rollback to here');
    });
  });

  test('statements that were under way fail with what the server said', async () => {
    const behind = warehouse.transaction('events', async (client) => {
      const pid = await pidOf(client);
      const sent = [client.query('select pg_sleep(20)'), client.query('insert into events values (1)')];
      for (const each of sent) each.catch(() => {});
      await pool.query('select pg_terminate_backend($1)', [pid]);
      await sent[1];
    });
    await expect(behind).rejects.toMatchObject({ code: '57P01' });
  });
});
