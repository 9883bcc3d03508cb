import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Contender, Urls } from './contenders.mts';
import { requestCount } from './request-count.mts';

export interface Contended {
  readonly perSecond: number;
  /** Slowest process over fastest. */
  readonly fairness: number;
  readonly longestMs: number;
  /** How long one round of all waiters takes on average. */
  readonly cycleMs: number;
  /** Held time over wall time. */
  readonly utilisation: number;
  readonly requestsPerHandOver: number;
}

const processes = 4;
const waiters = 8;

/** 4 processes with 8 waiters each want one key. */
export async function contended(contender: Contender, urls: Urls, holdMs: number, runMs: number): Promise<Contended> {
  const startAtMs = Date.now() + 2_500;
  const task = { name: contender.name, urls, key: `contended-${startAtMs}`, waiters, holdMs, startAtMs, runMs };
  const workers = Array.from({ length: processes }, () =>
    spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('contended-worker.mts', import.meta.url)), JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const before = await requestCount(contender.backend, urls);
  const results = await Promise.all(
    workers.map(async (worker) => JSON.parse(await text(worker.stdout)) as { handOvers: number; longestMs: number; heldMs: number }),
  );
  const requests = (await requestCount(contender.backend, urls)) - before;
  const counts = results.map(({ handOvers }) => handOvers);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    perSecond: (total / runMs) * 1_000,
    fairness: Math.min(...counts) / Math.max(...counts),
    longestMs: Math.max(...results.map(({ longestMs }) => longestMs)),
    cycleMs: (processes * waiters * runMs) / total,
    utilisation: results.reduce((sum, { heldMs }) => sum + heldMs, 0) / runMs,
    requestsPerHandOver: requests / total,
  };
}
