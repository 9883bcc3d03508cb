// Run in a project that has installed giveway and packages of some versions: `node plays.mjs NAME…`. Each play uses giveway with one
// of them on a real server, by the variables that the matrix sets. Prints a line of JSON for each: { name, problem }.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createLocker } from 'giveway';

const { env } = process;

/** Two writers of one table: the second gives way, and says to whom. */
async function lockOn(store) {
  const [one, other] = ['one', 'other'].map((job) => createLocker({ store, job, namespace: `matrix-${process.pid}` }));
  try {
    const outcome = await one.run(
      'events',
      async () => {
        const second = await other.run('events', () => {}, { onStoreDown: 'throw' });
        assert.equal(second.status, 'skipped');
        assert.equal(second.holders[0]?.job, 'one');
      },
      { onStoreDown: 'throw' },
    );
    assert.equal(outcome.release, 'released');
  } finally {
    await one.close();
    await other.close();
    await store.close();
  }
}

async function memoryLocker() {
  const { memoryStore } = await import('giveway/memory');
  return createLocker({ store: memoryStore() });
}

const plays = {
  async 'pg too old'() {
    const { postgresStore } = await import('giveway/postgres');
    const store = postgresStore({ connectionString: env.DATABASE_URL });
    await assert.rejects(store.read('key'), /npm install pg@8/);
  },
  async 'redis too old'() {
    const { redisStore } = await import('giveway/redis');
    const { createClient } = await import('redis');
    assert.throws(() => redisStore({ client: createClient() }), /node-redis \(4\.4 or later\)/);
  },
  async locker() {
    const locker = await memoryLocker();
    await locker.run('events', async ({ token }) => {
      await Promise.resolve();
      assert.equal(locker.current('events')?.token, token);
    });
    const first = await locker.lock('events');
    const order = [];
    const waiters = ['second', 'third'].map((name) => locker.run('events', () => order.push(name), { onBusy: 'retry' }));
    await first.unlock();
    await Promise.all(waiters);
    assert.deepEqual(order, ['second', 'third']);
    const short = await locker.lock('events', { ttlMs: 1_000, heartbeat: false });
    const alive = setTimeout(() => {}, 10_000); // a lock's own timers keep no process
    await once(short.signal, 'abort');
    clearTimeout(alive);
    assert.equal(short.signal.reason.reason, 'expired');
    await locker.close();
  },
  async memcached() {
    const { memcachedStore } = await import('giveway/memcached');
    await lockOn(memcachedStore({ servers: env.MEMCACHED_SERVERS }));
  },
  async config() {
    const { loadLocker } = await import('giveway/config');
    const locker = await loadLocker({ env: {}, overrides: { store: `memcached://${env.MEMCACHED_SERVERS}` } });
    assert.equal((await locker.run('events', () => {}, { onStoreDown: 'throw' })).status, 'ran');
    await locker.close();
  },
  async pg() {
    const { postgresStore } = await import('giveway/postgres');
    const store = postgresStore({ connectionString: env.DATABASE_URL, listen: true });
    await store.createTable();
    await lockOn(store);
  },
  async warehouse() {
    const { createWarehouse } = await import('giveway/warehouse');
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ connectionString: env.DATABASE_URL });
    const table = `events_${process.pid}`;
    await pool.query(`create table ${table} (id int, seen jsonb)`);
    const locker = await memoryLocker();
    const warehouse = createWarehouse({ pool, locker });
    await warehouse.insertBatches(table, [
      { id: 1, seen: [1] },
      { id: 2, seen: { by: 'copy' } },
    ]);
    const sum = await warehouse.transaction({ writes: [table] }, async (client) => {
      const { rows } = await client.query(`update ${table} set id = id + 1 returning id`);
      return rows.length;
    });
    assert.equal(sum, 2);
    await locker.close();
    await pool.end();
  },
  async 'libpg-query'() {
    const { loadModule, parseSync } = await import('libpg-query');
    await loadModule();
    assert.equal(parseSync('select 1').stmts.length, 1);
    const { createWarehouse, tablesWritten } = await import('giveway/warehouse');
    createWarehouse({ pool: { connect() {} }, locker: await memoryLocker() });
    const { writes, appends, reads } = tablesWritten('insert into totals select id from events') ?? {};
    assert.deepEqual([[...(writes ?? []), ...(appends ?? [])], reads], [['totals'], ['events']]);
  },
  async mysql2() {
    const { mysqlStore } = await import('giveway/mysql');
    const store = mysqlStore({ uri: env.MYSQL_URL });
    await store.createTable();
    await lockOn(store);
  },
  async ioredis() {
    const { redisStore } = await import('giveway/redis');
    const { default: Redis } = await import('ioredis');
    const client = new Redis(env.REDIS_URL);
    await lockOn(redisStore({ client }));
    client.disconnect();
  },
  async redis() {
    const { redisStore } = await import('giveway/redis');
    const { createClient } = await import('redis');
    const client = createClient({ url: env.REDIS_URL });
    client.on('error', () => {});
    await client.connect();
    await lockOn(redisStore({ client }));
    await (client.close?.() ?? client.quit());
  },
  async '@aws-sdk/client-dynamodb'() {
    const { dynamodbStore } = await import('giveway/dynamodb');
    const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    const client = new DynamoDBClient({ endpoint: env.DYNAMODB_ENDPOINT, region: 'eu-west-1', credentials });
    const store = dynamodbStore({ client, tableName: `locks${process.pid}`, timeoutMs: 5_000 });
    await store.createTable();
    await lockOn(store);
    client.destroy();
  },
  async '@gomomento/sdk'() {
    const { loadLocker } = await import('giveway/config');
    const locker = await loadLocker({ env: {}, overrides: { store: `momento:locks?local=${env.MOMENTO_LOCAL}` } });
    assert.equal((await locker.run('events', () => {}, { onStoreDown: 'throw' })).status, 'ran');
    await locker.close();
  },
  async etcd3() {
    const { etcdStore } = await import('giveway/etcd');
    const { Etcd3 } = await import('etcd3');
    const client = new Etcd3({ hosts: env.ETCD_URL });
    await lockOn(etcdStore({ client }));
    client.close();
  },
  async 'node-zookeeper-client'() {
    const { zookeeperStore } = await import('giveway/zookeeper');
    const { default: zookeeper } = await import('node-zookeeper-client');
    await lockOn(zookeeperStore({ client: () => zookeeper.createClient(env.ZOOKEEPER_SERVERS, { spinDelay: 100 }) }));
  },
  async sqlite() {
    const { sqliteStore } = await import('giveway/sqlite');
    await lockOn(sqliteStore({ file: `${process.cwd()}/locks.db` }));
  },
  async 'node-cron'() {
    const { schedule } = await import('giveway/cron');
    const locker = await memoryLocker();
    let task;
    const fired = new Promise((resolve) => {
      task = schedule('* * * * * *', () => resolve(), { locker, scope: 'events', name: 'matrix', guarantee: 'both' });
    });
    await fired;
    await task.destroy();
    await locker.close();
  },
  async 'node-cron too old'() {
    const { schedule } = await import('giveway/cron');
    const locker = await memoryLocker();
    assert.throws(() => schedule('* * * * * *', () => {}, { locker, scope: 'events' }), /npm install node-cron@4/);
    await locker.close();
  },
  async bullmq() {
    const { lockedProcessor } = await import('giveway/bullmq');
    const { Queue, Worker } = await import('bullmq');
    const { hostname: host, port } = new URL(env.REDIS_URL);
    const connection = { host, port: Number(port), maxRetriesPerRequest: null };
    const name = `matrix-${process.pid}`;
    const locker = await memoryLocker();
    const held = await locker.lock('events');
    const work = lockedProcessor(locker, 'events', async () => 'done', { retry: { delayMs: 50 } });
    const worker = new Worker(name, work, { connection });
    const queue = new Queue(name, { connection });
    const completed = once(worker, 'completed');
    const busy = new Promise((resolve) => locker.on('waiting', resolve));
    await queue.add('job', {});
    await busy; // put off, without an attempt
    await held.unlock();
    const [job] = await completed;
    assert.equal(job.returnvalue, 'done');
    await worker.close();
    await queue.close();
    await locker.close();
  },
};

for (const name of process.argv.slice(2)) {
  let problem;
  try {
    await plays[name]();
  } catch (error) {
    problem = String(error?.stack ?? error).slice(0, 800);
  }
  console.log(JSON.stringify({ name, problem }));
}
process.exit();
