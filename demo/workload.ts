import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { LockScope, ResourceLocker } from '../src/index.ts';
import { transaction } from './database.ts';
import { type FlightRow, origins } from './flights.ts';

/** How long a job computes with what it read. In a warehouse it would be seconds. */
const computeMs = 30;

/** How a piece of work gets its turn. This is the only difference between the two ways the demo runs. */
export type TakeTurn = <T>(scope: LockScope, job: string, work: () => Promise<T>) => Promise<T>;

/** Everybody at once. */
export const withoutGiveway: TakeTurn = (_scope, _job, work) => work();

/** Whoever would conflict waits: the lock is taken before BEGIN and released after COMMIT. */
export function withGiveway(locker: ResourceLocker): TakeTurn {
  return async (scope, job, work) => {
    const outcome = await locker.run(scope, work, { job });
    if (outcome.status === 'ran') return outcome.value;
    throw new Error(`${job} got no turn in ${Math.round(outcome.waitedMs)} ms (${outcome.reason}): ${outcome.resource} is held`);
  };
}

export interface Desk {
  readonly pool: Pool;
  readonly takeTurn: TakeTurn;
  readonly onConflict: () => void;
}

/** A batch of flights arrives. Inserts go side by side, and wait for whoever reads the whole table to write another. */
export async function insertBatch({ pool, takeTurn, onConflict }: Desk, rows: readonly FlightRow[]): Promise<void> {
  const insert = 'insert into flights select * from json_populate_recordset(null::flights, $1)';
  await takeTurn({ appends: 'flights' }, 'insert-flights', () =>
    transaction(pool, (client) => client.query(insert, [JSON.stringify(rows)]), onConflict),
  );
}

/** The scheduled task of the published case: reads one table, computes, updates the other from it. */
export async function updateDelays({ pool, takeTurn, onConflict }: Desk): Promise<void> {
  const select = `
    select origin as airport, count(*) as flights, sum(delay) as delay, percentile_disc(0.5) within group (order by delay) as usual_delay
    from flights group by origin`;
  const update = `
    update airport_delays set flights = seen.flights, delay = seen.delay, usual_delay = seen.usual_delay
    from json_populate_recordset(null::airport_delays, $1) seen
    where airport_delays.airport = seen.airport`;
  await takeTurn({ writes: 'airport_delays', reads: 'flights' }, 'update-delays', () =>
    transaction(
      pool,
      async (client) => {
        const { rows } = await client.query(select);
        await sleep(computeMs);
        await client.query(update, [JSON.stringify(rows)]);
      },
      onConflict,
    ),
  );
}

/** Another scheduled task: rewrites a rollup of what the first one wrote. */
export async function rewriteRollup({ pool, takeTurn, onConflict }: Desk): Promise<void> {
  const select = `
    select state, sum(flights) as flights, sum(delay) as delay from airport_delays join airports on iata = airport group by state`;
  const insert = 'insert into state_delays select * from json_populate_recordset(null::state_delays, $1)';
  await takeTurn({ writes: 'state_delays', reads: 'airport_delays' }, 'rewrite-rollup', () =>
    transaction(
      pool,
      async (client) => {
        const { rows } = await client.query(select);
        await sleep(computeMs);
        await client.query('delete from state_delays');
        await client.query(insert, [JSON.stringify(rows)]);
      },
      onConflict,
    ),
  );
}

/** An API request: the latest departures of an airport beside its usual delay. Readers take no lock, ever. */
export async function readDepartures({ pool, onConflict }: Desk): Promise<void> {
  const select = `
    select date, destination, flights.delay, usual_delay
    from flights join airport_delays on airport = origin
    where origin = $1 order by pass desc, index desc limit 10`;
  const origin = origins[randomInt(origins.length)];
  await transaction(pool, (client) => client.query(select, [origin]), onConflict);
}
