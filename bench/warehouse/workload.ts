/** What the demo's workload has not: inserts that take their time, a second job that reads the table into which everybody inserts, and a reader of all three tables. */
import { randomInt } from 'node:crypto';
import { transaction } from '../../demo/database.ts';
import { origins } from '../../demo/flights.ts';
import { type Desk, rewriteStates } from '../../demo/workload.ts';

/** How long both jobs compute with what they read, in milliseconds. */
export const computeMs = 10;

/** How much longer than on this machine's loopback each statement takes that inserts flights, in milliseconds. It costs no CPU. */
export const insertMs = 20;

/** Whoever inserts, and by whatever means: a batch holds its table for as long as a warehouse takes for a statement. */
export const slowInserts: string = `
  create function take_time() returns trigger language plpgsql as $$ begin perform pg_sleep(${insertMs} / 1000.0); return null; end $$;
  create trigger take_time after insert on flights for each statement execute function take_time();
`;

/** Sums all flights per state, computes, and rewrites the sums. */
export async function sumFlights(desk: Desk): Promise<void> {
  await rewriteStates(desk, {
    job: 'sum-flights',
    reads: 'flights',
    select: 'select state, count(*) as flights, sum(delay) as delay from flights join airports on iata = origin group by state',
  });
}

/** The latest departures of an airport beside its usual delay and the sums of its state. */
export async function readReport({ pool, onConflict }: Desk): Promise<void> {
  const select = `
    select date, destination, flights.delay, usual_delay, state_delays.delay as state_delay
    from flights join airport_delays on airport = origin join airports on iata = origin left join state_delays using (state)
    where origin = $1 order by pass desc, index desc limit 10`;
  await transaction(pool, (client) => client.query(select, [origins[randomInt(origins.length)]]), onConflict);
}
