/** Plays many seeds, on each core its share. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Breach } from './breaches.ts';

export type Told = { readonly begun: number } | { readonly played: number; readonly events: number; readonly breaches: readonly Breach[] };

export interface Failure {
  readonly seed: number;
  readonly breaches: readonly Breach[];
}

export interface Tally {
  readonly worlds: number;
  readonly events: number;
  readonly tookMs: number;
  readonly failures: readonly Failure[];
}

/** A world takes milliseconds; one that takes so long has no end. */
const longestWorldMs = 60_000;

export interface Seeds {
  readonly from: number;
  readonly count: number;
  /** After so many failures there is no need to go on. */
  readonly enough?: number;
  progressed?(worlds: number, failures: number): void;
}

export async function playSeeds({ from, count, enough = Number.POSITIVE_INFINITY, progressed }: Seeds): Promise<Tally> {
  const startedMs = performance.now();
  const cores = Math.max(1, Math.min(availableParallelism(), count));
  const failures: Failure[] = [];
  const workers = new Set<ChildProcess>();
  let worlds = 0;
  let events = 0;

  const share = (first: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = fork(fileURLToPath(new URL('./seeds-worker.ts', import.meta.url)), [first, from + count, cores].map(String));
      workers.add(worker);
      let at = first;
      let patience: NodeJS.Timeout | undefined;
      const over = (then: () => void): void => {
        clearTimeout(patience);
        workers.delete(worker);
        then();
      };
      const begun = (seed: number): void => {
        at = seed;
        clearTimeout(patience);
        patience = setTimeout(() => {
          failures.push({
            seed,
            breaches: [{ atMs: 0, promise: 'P7', who: 'world', text: `does not end in ${longestWorldMs} ms of real time` }],
          });
          worker.kill('SIGKILL');
        }, longestWorldMs);
      };
      worker.on('message', (told: Told) => {
        if ('begun' in told) return begun(told.begun);
        worlds++;
        events += told.events;
        if (told.breaches.length > 0) failures.push({ seed: told.played, breaches: told.breaches });
        progressed?.(worlds, failures.length);
        if (failures.length >= enough) for (const each of workers) each.kill('SIGKILL');
      });
      worker.on('error', reject);
      worker.on('exit', (code, signal) =>
        over(() => {
          if (code === 0 || signal === 'SIGKILL') resolve();
          else reject(new Error(`the worker of seed ${at} ended with ${code ?? signal}`));
        }),
      );
    });

  await Promise.all(Array.from({ length: cores }, (_, index) => share(from + index)));
  failures.sort((one, other) => one.seed - other.seed);
  return { worlds, events, tookMs: performance.now() - startedMs, failures };
}
