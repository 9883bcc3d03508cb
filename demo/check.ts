import type { Pool } from 'pg';
import { batch, batchNumber, type FlightRow, flights } from './flights.ts';

/** The tables after a round, compared with what the workers were told is committed. */
export interface Findings {
  readonly rows: number;
  readonly missing: number;
  readonly doubled: number;
  /** Rows that nobody sent. */
  readonly unknown: number;
  /** Rows of the derived tables that differ from a recomputation out of the source records. */
  readonly wrongDelays: number;
  readonly wrongRollup: number;
}

/** `batches`: how many each worker loaded. The derived tables must have been brought up to date. */
export async function checkTables(pool: Pool, batches: readonly number[]): Promise<Findings> {
  const expected = new Map(expectedRows(batches).map((row) => [`${row.pass}/${row.index}`, row]));
  const found = await lookUp(pool, `select pass || '/' || index as key, count(*)::int as value from flights group by 1`);
  const stateOf = await lookUp(pool, 'select iata as key, state as value from airports');
  const delays = await lookUp(
    pool,
    `select airport as key, flights || ' flights, ' || delay || ' minutes, usually ' || usual_delay as value from airport_delays`,
  );
  const rollup = await lookUp(pool, `select state as key, flights || ' flights, ' || delay || ' minutes' as value from state_delays`);
  return {
    rows: [...found.values()].reduce<number>((sum, times) => sum + Number(times), 0),
    missing: [...expected.keys()].filter((key) => !found.has(key)).length,
    doubled: [...found.values()].filter((times) => Number(times) > 1).length,
    unknown: [...found.keys()].filter((key) => !expected.has(key)).length,
    wrongDelays: differences(
      delays,
      aggregate(expected.values(), ({ origin }) => origin, numberSumAndMedian),
    ),
    wrongRollup: differences(
      rollup,
      aggregate(expected.values(), ({ origin }) => String(stateOf.get(origin)), numberAndSum),
    ),
  };
}

export function isClean({ missing, doubled, unknown, wrongDelays, wrongRollup }: Findings): boolean {
  return missing + doubled + unknown + wrongDelays + wrongRollup === 0;
}

/** Pass 0, which every round begins with, and the batches. */
function expectedRows(batches: readonly number[]): readonly FlightRow[] {
  const workers = batches.length;
  const loaded = batches.flatMap((count, worker) =>
    Array.from({ length: count }, (_, nth) => batch(batchNumber(nth, worker, workers))).flat(),
  );
  return [...flights.map((flight, index) => ({ pass: 0, index, ...flight })), ...loaded];
}

/** The delays of each group of flights, in the words of the queries above. */
function aggregate(
  rows: Iterable<FlightRow>,
  groupOf: (row: FlightRow) => string,
  show: (delays: number[]) => string,
): ReadonlyMap<string, unknown> {
  const groups = new Map<string, number[]>();
  for (const row of rows) {
    const group = groups.get(groupOf(row)) ?? [];
    group.push(row.delay);
    groups.set(groupOf(row), group);
  }
  return new Map([...groups].map(([group, delays]) => [group, show(delays)]));
}

function numberAndSum(delays: readonly number[]): string {
  return `${delays.length} flights, ${delays.reduce((sum, delay) => sum + delay, 0)} minutes`;
}

/** With the lower median, like `percentile_disc(0.5)`. */
function numberSumAndMedian(delays: number[]): string {
  const median = delays.sort((a, b) => a - b)[Math.ceil(delays.length / 2) - 1];
  return `${numberAndSum(delays)}, usually ${median}`;
}

function differences(found: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>): number {
  const names = new Set([...found.keys(), ...right.keys()]);
  return [...names].filter((name) => found.get(name) !== right.get(name)).length;
}

async function lookUp(pool: Pool, query: string): Promise<ReadonlyMap<string, unknown>> {
  const { rows } = await pool.query<{ key: string; value: unknown }>(query);
  const found = new Map<string, unknown>();
  for (const { key, value } of rows) found.set(key, found.has(key) ? 'more than one row' : value);
  return found;
}
