/**
 * Batches and a rewrite of one table: while the job holds it, batches wait, and then go in together. A reader waits for nobody.
 *
 *     MEMCACHED_SERVERS=127.0.0.1:11211 DATABASE_URL=postgres://… npx tsx examples/insert-batches.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from 'giveway';
import { memcachedStore } from 'giveway/memcached';
import { createWarehouse } from 'giveway/warehouse';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] });
const store = memcachedStore({ servers: process.env['MEMCACHED_SERVERS'] ?? '127.0.0.1:11211' });
const locker = createLocker({ store, closesStore: true });
const warehouse = createWarehouse({ pool, locker, isolation: 'serializable' });
await pool.query('drop table if exists giveway_example; create table giveway_example (id int primary key, account text)');

locker.on('waiting', ({ resource, holders }) => console.log(`batches wait for ${resource}, held by ${holders[0]?.job}`));

const taken = new Promise((resolve) => locker.on('acquired', resolve));
const rewrite = warehouse.transaction(
  'giveway_example',
  async (client) => {
    await client.query("update giveway_example set account = lower(account) where account <> 'acme'");
    await sleep(1_000);
  },
  { job: 'rewrite' },
);
await taken;

// Rows may come from any iterable, of any length; here from ten callers at once.
const inserts = Array.from({ length: 10 }, (_, caller) =>
  warehouse.insertBatches(
    'giveway_example',
    Array.from({ length: 20 }, (_, row) => ({ id: caller * 20 + row, account: 'acme' })),
    { job: 'loader' },
  ),
);
const reader = await pool.query('select count(*)::int as rows from giveway_example');
console.log(`a reader saw ${reader.rows[0].rows} rows, and did not wait`);

await rewrite;
const results = await Promise.all(inserts);
const total = await pool.query('select count(*)::int as rows from giveway_example');
console.log(`${results.reduce((sum, { rows }) => sum + rows, 0)} rows went in; the table has ${total.rows[0].rows}`);

await pool.query('drop table giveway_example');
await locker.close();
await pool.end();
