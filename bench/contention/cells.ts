import type { Contender } from './worker.ts';

/** So many processes, so many tasks in each, all of which want one key and hold it so long. */
export interface Cell {
  readonly processes: number;
  readonly tasks: number;
  readonly holdMs: number;
}

const processCounts = [2, 3, 5, 8, 64];
const holdsMs = [1, 5, 10, 19, 30, 1_000];

export const cells: readonly Cell[] = processCounts.flatMap((processes) => holdsMs.map((holdMs) => ({ processes, tasks: 1, holdMs })));

/** Where it shows how much of the time nobody holds. */
export const crowd: Cell = { processes: 4, tasks: 8, holdMs: 5 };

export const quickCells: readonly Cell[] = [
  { processes: 2, tasks: 1, holdMs: 10 },
  { processes: 8, tasks: 1, holdMs: 10 },
  { processes: 8, tasks: 1, holdMs: 30 },
  crowd,
];

/** `8x30`: 8 processes, 30 ms; `4x8x5`: 4 processes of 8 tasks each, 5 ms. */
export function cellNamed(name: string): Cell {
  const numbers = name.split('x').map(Number);
  const [processes = 0, tasks = 0, holdMs = 0] = numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers;
  if (![processes, tasks, holdMs].every((each) => Number.isInteger(each) && each > 0))
    throw new Error(`--cells has ${name}; a cell is PROCESSESxHOLD_MS or PROCESSESxTASKSxHOLD_MS, such as 8x30`);
  return { processes, tasks, holdMs };
}

/** A hand-over takes about so long, however short the hold. */
const handOverMs = 1.5;
const leastMs = 3_000;

/** Long enough for everybody to have some turns. */
export function durationMs({ processes, tasks, holdMs }: Cell): number {
  const cycles = holdMs < 1_000 ? 12 : 4;
  return Math.max(leastMs, cycles * processes * tasks * (holdMs + handOverMs));
}

/** The short ones more than once: among a thousand waits of a few milliseconds, the longest is whichever met the machine standing still. */
export function playsOf(cell: Cell): number {
  return durationMs(cell) > leastMs ? 1 : 3;
}

/** Where a turn is as short as a stall of the machine, the ideal lock server says how much of a long wait is the machine's. */
const besideIdealMs = 5;

export function contendersOf(cell: Cell): readonly Contender[] {
  return playsOf(cell) > 1 && cell.holdMs <= besideIdealMs ? ['giveway', 'ideal'] : ['giveway'];
}
