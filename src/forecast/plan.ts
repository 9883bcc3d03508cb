import type { Job } from './jobs.ts';
import { movesOf } from './moves.ts';
import { keepsOrder } from './order.ts';
import { collide, type Overlap, overlapOf } from './overlap.ts';
import { firesOf, scriptOf } from './script.ts';

/** A time that a job could have: its own first. */
interface Slot {
  readonly cron: string;
  readonly fires: readonly number[];
}

/** Where other times are looked for. */
export interface Search {
  readonly jobs: readonly Job[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Hours near a job's own, and not its minutes alone? */
  readonly hoursToo: boolean;
  /** So many times as long as was seen, holds are taken to last. */
  readonly roominess: number;
  /** How much the trouble of each job counts. */
  readonly weights: readonly number[];
}

/** The times chosen: of each job which of its slots; 0 is its own. */
type Choice = readonly number[];

/** A change that takes away less than this share of all trouble is not worth a change. */
const worthwhile = 0.02;

/** As good as nothing is left. */
const enough = 0.01;

const dayMs = 86_400_000;

/**
 * Other times for as few jobs as possible: one job after another is moved to where it takes away most, until little is left; what
 * turned out not to matter is moved back. No job is to be skipped more often than before. By estimates, not by plays.
 * Answers expressions by the names of the jobs.
 */
export function planMoves(search: Search): ReadonlyMap<string, string> {
  const { jobs } = search;
  const board = boardOf(search);
  const own: Choice = jobs.map(() => 0);
  const bearable = board.skipsOf(own);
  const all = board.troubleOf(own);
  let choice = own;
  for (const _ of jobs) {
    const better = bestMove(board, choice, bearable);
    if (better === undefined || board.troubleOf(choice) - board.troubleOf(better) < worthwhile * all) break;
    choice = better;
    if (board.troubleOf(choice) <= enough * all) break;
  }
  for (const [job, slot] of choice.entries()) {
    if (slot === 0) continue;
    const without = choice.with(job, 0);
    if (board.allows(without, bearable) && board.troubleOf(without) - board.troubleOf(choice) < worthwhile * all) choice = without;
  }
  return new Map(choice.flatMap((slot, job) => (slot === 0 ? [] : [[(jobs[job] as Job).name, board.slots[job]?.[slot]?.cron as string]])));
}

interface Board {
  readonly slots: readonly (readonly Slot[])[];
  troubleOf(choice: Choice): number;
  skipsOf(choice: Choice): readonly number[];
  /** Order is kept, and nobody is skipped more than is bearable. */
  allows(choice: Choice, bearable: readonly number[]): boolean;
}

/** The one change that takes away most; of equal ones the smallest. */
function bestMove(board: Board, choice: Choice, bearable: readonly number[]): Choice | undefined {
  let best: Choice | undefined;
  let least = board.troubleOf(choice);
  for (const [job, slots] of board.slots.entries()) {
    for (let slot = 1; slot < slots.length; slot++) {
      if (slot === choice[job]) continue;
      const moved = choice.with(job, slot);
      const trouble = board.troubleOf(moved);
      if (trouble >= least - 1e-9 || !board.allows(moved, bearable)) continue;
      best = moved;
      least = trouble;
    }
  }
  return best;
}

function boardOf({ jobs, fromMs, toMs, hoursToo, roominess, weights }: Search): Board {
  // Whole days, so that a schedule which is moved has as many fires as before.
  const [startMs, endMs] = [Math.floor(fromMs / dayMs) * dayMs, Math.ceil(toMs / dayMs) * dayMs];
  const slots = jobs.map((job): readonly Slot[] => {
    if (!('cron' in job.rhythm)) return [{ cron: '', fires: [] }];
    const { cron, timezone } = job.rhythm;
    return [cron, ...movesOf(cron, hoursToo).map((move) => move.cron)].map((each) => {
      const script = scriptOf([{ ...job, rhythm: { cron: each, timezone }, instances: 1 }], startMs, endMs);
      return { cron: each, fires: firesOf(script, 0) };
    });
  });
  const pairs = jobs.flatMap((one, a) => jobs.flatMap((other, b) => (a < b && collide(one, other) ? [[a, b] as const] : [])));
  const known = new Map<number, Overlap>();
  const firesIn = (job: number, slot: number): readonly number[] => slots[job]?.[slot]?.fires as readonly number[];
  const overlap = (pair: number, a: number, b: number, choice: Choice): Overlap => {
    // No schedule has 512 slots: an hour has 60 minutes, and with hours too there are five times as many.
    const key = (pair * 512 + (choice[a] as number)) * 512 + (choice[b] as number);
    let found = known.get(key);
    if (found === undefined) {
      found = overlapOf(jobs[a] as Job, firesIn(a, choice[a] as number), jobs[b] as Job, firesIn(b, choice[b] as number), roominess);
      known.set(key, found);
    }
    return found;
  };
  const chains = jobs.flatMap(({ after }, job) => {
    const before = jobs.findIndex(({ name }) => name === after);
    return before === -1 ? [] : [{ before, job }];
  });
  const skipsOf = (choice: Choice): number[] => {
    const skips = jobs.map(() => 0);
    for (const [pair, [a, b]] of pairs.entries()) {
      const [ofA, ofB] = overlap(pair, a, b, choice).skips;
      skips[a] = (skips[a] as number) + ofA;
      skips[b] = (skips[b] as number) + ofB;
    }
    return skips;
  };
  const isInOrder = (choice: Choice): boolean =>
    chains.every(({ before, job }) => {
      const [first, then] = [choice[before] as number, choice[job] as number];
      if (first === 0 && then === 0) return true;
      const { holds } = jobs[before] as Job;
      return keepsOrder({ fires: firesIn(before, 0), holds }, { fires: firesIn(job, 0) }, firesIn(before, first), firesIn(job, then));
    });
  return {
    slots,
    troubleOf: (choice) =>
      pairs.reduce((sum, [a, b], pair) => {
        const [ofA, ofB] = overlap(pair, a, b, choice).trouble;
        return sum + ofA * (weights[a] as number) + ofB * (weights[b] as number);
      }, 0),
    skipsOf,
    allows: (choice, bearable) => isInOrder(choice) && skipsOf(choice).every((skips, job) => skips <= (bearable[job] as number) + 1e-9),
  };
}
