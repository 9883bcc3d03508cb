/** Writes the same dates by both methods, in the time zone of this process, and prints those that differ. */
import pg from 'pg';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse } from '../../src/warehouse/index.ts';

const [url] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 2 });
const locker = createLocker({ store: memoryStore() });
const warehouse = createWarehouse({ pool, locker });
const days = [
  '-000099-03-01',
  '0000-01-01',
  '0099-12-31',
  '1800-06-01',
  '1883-11-18',
  '1920-02-29',
  '1999-12-31',
  '2026-07-01',
  '9999-12-31',
  '+012345-01-01',
];
const dates = days.map((day) => new Date(`${day}T03:25:45.678Z`));
await pool.query(
  'drop table if exists dates; create table dates (method text, n int, plain timestamp, zoned timestamptz, text text, day date, list timestamptz[])',
);
for (const method of ['copy', 'insert'] as const)
  await warehouse.insertBatches(
    'dates',
    dates.map((date, n) => ({ method, n, plain: date, zoned: date, text: date, day: date, list: [date, null] })),
    { method },
  );
const { rows } = await pool.query(`
  select a.n, a.text as copied, b.text as inserted from dates a join dates b on a.n = b.n and a.method = 'copy' and b.method = 'insert'
  where (a.plain, a.zoned, a.text, a.day, a.list) is distinct from (b.plain, b.zoned, b.text, b.day, b.list)`);
const { rows: counted } = await pool.query('select count(*)::int as count from dates');
console.log(JSON.stringify({ differing: rows, count: counted[0].count, offsetMinutes: dates[3]?.getTimezoneOffset() }));
await locker.close();
await pool.end();
