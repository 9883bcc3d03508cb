/** What contention may cost, on simulated stores: `npm run test:simulation -- --table` prints all of it. */
import { expect, test } from '@jest/globals';
import { measure } from './contention.ts';
import { costLine, loads, shortfalls, targetOf } from './loads.ts';

/** Sixty-four processes take seconds each: here one hold stands for all. */
const chosen = loads.filter((load) => targetOf(load) !== undefined && (load.processes.length < 64 || load.holdMs === 30));

test.each(chosen.map((load) => [load.kind, load.name, load] as const))(
  '%s: %s',
  async (_kind, _name, load) => {
    const cost = await measure(load);
    expect({ cost: costLine(cost), short: shortfalls(cost) }).toEqual({ cost: costLine(cost), short: [] });
  },
  120_000,
);
