/** What reading SQL costs: `npx tsx bench/sql.mts`. Prints the median and the worst hundredth of each. */
import { cpus } from 'node:os';
import { createSqlReader, loadSqlParser } from '../src/warehouse/sql/index.ts';

const statements: Record<string, string> = {
  'a read': 'select a.city, avg(e.delay) from events e join airports a on a.iata = e.origin where e.day = $1 group by a.city',
  'an insert': 'insert into analytics.events (id, origin, delay, day) values ($1, $2, $3, $4), ($5, $6, $7, $8) on conflict do nothing',
  'an update from a subquery':
    'update airports set delay = b.delay from (select origin, avg(delay) as delay from events where day = $1 group by origin) b where iata = b.origin',
  'a data-modifying CTE': 'with gone as (delete from stage where day < $1 returning *) insert into archive select * from gone',
  'a Redshift COPY': "copy analytics.events from 's3://bucket/events/' iam_role 'arn:aws:iam::1:role/load' format as parquet",
  'a Redshift CREATE TABLE AS':
    'create table copied distkey (origin) sortkey (day) as select e.*, a.city from events e join airports a on a.iata = e.origin',
};
const rounds = 4_000;
const callsPerSample = 100;

const row = (what: string, samplesUs: number[]): void => {
  samplesUs.sort((one, other) => one - other);
  const at = (share: number): string => (samplesUs[Math.floor(samplesUs.length * share)] ?? 0).toFixed(3).padStart(9);
  console.log(`${what.padEnd(44)}${at(0.5)}${at(0.99)}`);
};

function measure(work: () => void, calls: number): number[] {
  for (let round = 0; round < rounds; round += 1) work();
  return Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call += 1) work();
    return Number(process.hrtime.bigint() - start) / 1_000 / calls;
  });
}

const fresh = createSqlReader({ cachedTexts: 0 });
const cached = createSqlReader();

console.log(`Node ${process.version}, ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}`);
console.log(`${'µs'.padEnd(44)}${'median'.padStart(9)}${'p99'.padStart(9)}`);
for (const [what, sql] of Object.entries(statements))
  row(
    `${what}, by words`,
    measure(() => fresh.tablesWritten(sql), 1),
  );
if (await loadSqlParser())
  for (const [what, sql] of Object.entries(statements))
    row(
      `${what}, parsed`,
      measure(() => fresh.tablesWritten(sql), 1),
    );
for (const [what, sql] of Object.entries(statements))
  row(
    `${what}, cached`,
    measure(() => cached.tablesWritten(sql), callsPerSample),
  );
