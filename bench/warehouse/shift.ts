/** What a process does for the length of a round: loops that work and pause, and a stream of batches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type FlightRow, rowsPerBatch } from '../../demo/flights.ts';
import type { Warehouse } from '../../src/warehouse/index.ts';
import type { Kind, Tally } from './messages.ts';

/** What to count it as, how long to pause after the work, given how long it took each time so far, and the work. */
export type Loop = readonly [Kind, (tookMs: readonly number[]) => number, () => Promise<unknown>];

/** The same pause each time. */
export const pause = (ms: number) => (): number => ms;

/** Busy for this share of the time, going by the shortest of its last runs: waits and retries do not make it pause longer. */
export const busy =
  (share: number) =>
  (tookMs: readonly number[]): number =>
    Math.min(...tookMs.slice(-8)) * (1 / share - 1);

export interface Shift {
  conflicted(kind: Kind): void;
  /** Batches that keep coming while others are under way or wait, as fast as a loop's would if its inserts took no time. */
  insertStream(warehouse: Warehouse, nextBatch: () => readonly FlightRow[], pauseMs: number): Promise<void>;
  play(loops: readonly Loop[], others?: readonly Promise<void>[]): Promise<Tally>;
}

/** Counts what loops do until their time is over. The last of each is finished, not dropped. */
export function startShift(ms: number): Shift {
  const startMs = performance.now();
  const conflicts: Record<Kind, number> = { batches: 0, jobs: 0, reads: 0 };
  const timesMs: Record<Kind, number[]> = { batches: [], jobs: [], reads: [] };
  const repeat = async (kind: Kind, pauseAfter: (tookMs: readonly number[]) => number, work: () => Promise<unknown>): Promise<void> => {
    const tookMs: number[] = [];
    while (performance.now() - startMs < ms) {
      const beganMs = performance.now();
      await work();
      tookMs.push(performance.now() - beganMs);
      const leftMs = ms - (performance.now() - startMs);
      const pauseMs = Math.min(leftMs, pauseAfter(tookMs) * (0.5 + Math.random()));
      if (pauseMs > 0) await sleep(pauseMs);
    }
    timesMs[kind].push(...tookMs);
  };
  return {
    conflicted: (kind) => void conflicts[kind]++,
    async insertStream(warehouse, nextBatch, pauseMs) {
      const cameMs: number[] = [];
      const arriving = async function* (): AsyncGenerator<FlightRow> {
        while (performance.now() - startMs < ms) {
          const rows = nextBatch();
          cameMs.push(performance.now());
          yield* rows;
          await sleep(Math.max(0, Math.min(ms - (performance.now() - startMs), pauseMs * (0.5 + Math.random()))));
        }
      };
      await warehouse.insertBatches('flights', arriving(), {
        batchRows: rowsPerBatch,
        isolation: 'serializable',
        // Called for each batch, in their order.
        onProgress: () => void timesMs.batches.push(performance.now() - (cameMs.shift() ?? Number.NaN)),
      });
    },
    async play(loops, others = []) {
      await Promise.all([...others, ...loops.map(([kind, pauseAfter, work]) => repeat(kind, pauseAfter, work))]);
      return { ms: performance.now() - startMs, conflicts, timesMs };
    },
  };
}

export function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
