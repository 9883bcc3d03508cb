import { execFileSync } from 'node:child_process';
import { type Crew, hire } from '../crew.ts';
import { progress } from '../progress.ts';
import type { Target } from '../targets.ts';
import { built } from './built.mts';
import type { Urls } from './contender.mts';
import type { HeldCost, HeldTask } from './held-worker.mts';

export const heldLocks = 10_000;

/** What a lock costs its process besides time. `heartbeatMs`: for how long to watch heartbeats; 0 for not at all. */
export async function measureCost(urls: Urls, importRounds: number, heartbeatMs: number): Promise<readonly Target[]> {
  progress('promises, memory');
  const crew: Crew<HeldTask, HeldCost> = await hire(new URL('held-worker.mts', import.meta.url), [urls]);
  const [cost] = await crew.play({ locks: heldLocks, heartbeatMs });
  crew.dismiss();
  if (cost === undefined) throw new Error('no worker');
  progress('import time');
  return [
    { name: 'promises per pair, lock and unlock', value: cost.promisesPerLock, bound: '≤', limit: 9 },
    { name: 'promises per run', value: cost.promisesPerRun, bound: '≤', limit: 13 },
    { name: 'kB of heap per held lock', value: cost.heapBytesPerLock / 1_000, bound: '≤', limit: 1.8 },
    ...(heartbeatMs === 0
      ? []
      : ([
          {
            name: `share of one core, ${heldLocks.toLocaleString('en')} held with heartbeats`,
            value: cost.cpuShare,
            bound: '≤',
            limit: 0.05,
          },
          { name: 'locks lost meanwhile', value: cost.lost, bound: '≤', limit: 0 },
        ] satisfies Target[])),
    { name: 'ms of import over bare node', value: importMs(importRounds), bound: '≤', limit: 30 },
  ];
}

/** What importing `giveway` and its memcached store adds to a bare start of Node: the least of both, in turns, since others' work only adds. */
function importMs(rounds: number): number {
  const time = (code: string): number => {
    const startMs = performance.now();
    execFileSync(process.execPath, ['--input-type=module', '-e', code]);
    return performance.now() - startMs;
  };
  const ours = `import '${built('index')}'; import '${built('memcached')}';`;
  const [oursMs, bareMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    oursMs.push(time(ours));
    bareMs.push(time(''));
  }
  return Math.min(...oursMs) - Math.min(...bareMs);
}
