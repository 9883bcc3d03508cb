/** What is played: how many processes, how long an insert takes, how long its loop pauses. Not tuned. */
export interface Load {
  readonly name: string;
  readonly processes: number;
  /** How much longer than on this machine's loopback the statement takes that inserts, in milliseconds. It costs no CPU. */
  readonly insertMs: number;
  readonly insertPauseMs: number;
}

/** Loops that insert, in each process. */
export const inserters = 3;
export const rowsPerInsert = 15;
/** Of the one loop of readers in each process. With 20 ms, 12 processes left two cores no rest. */
export const readPauseMs = 30;
/** Between reading and writing, in each job. */
export const computeMs = 12;

/** The published case, without artificial delays. */
export const published: Load = { name: '0/75', processes: 4, insertMs: 0, insertPauseMs: 75 };
/** The same on three times as many processes. */
export const crowded: Load = { ...published, name: '12', processes: 12 };

/** Around the published case: inserts as on loopback, over a network, and in a warehouse; from twice as many to half as many. */
export const grid: readonly Load[] = [0, 8, 20].flatMap((insertMs) =>
  [40, 75, 150].map((insertPauseMs) => {
    return insertMs === published.insertMs && insertPauseMs === published.insertPauseMs
      ? published
      : { name: `${insertMs}/${insertPauseMs}`, processes: 4, insertMs, insertPauseMs };
  }),
);

export const loads: readonly Load[] = [...grid, crowded];

export function loadNamed(name: string): Load {
  const found = loads.find((load) => load.name === name);
  if (found === undefined) throw new Error(`--cells has ${name}; there are ${loads.map((load) => load.name).join(', ')}`);
  return found;
}
