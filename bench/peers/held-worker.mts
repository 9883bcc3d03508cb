/** What our locks on memcached cost their process: promises, memory, heartbeats. */
import { createHook } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { obey } from '../crew.ts';
import type { Urls } from './contender.mts';
import { openLocker } from './contenders.mts';

/** `heartbeatMs`: for how long to watch what heartbeats cost; 0 for not at all. */
export interface HeldTask {
  readonly locks: number;
  readonly heartbeatMs: number;
}

export interface HeldCost {
  readonly promisesPerLock: number;
  readonly promisesPerRun: number;
  readonly heapBytesPerLock: number;
  /** Of one core, while all are held. */
  readonly cpuShare: number;
  readonly lost: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await sleep(50); // finalizers have their turn
  }
  return process.memoryUsage().heapUsed;
}

/** Of one pair, with those that its caller's awaits make. The least of some rounds: what else lives in the process, a loader say, only adds. */
async function promisesOf(work: (pairs: number) => Promise<void>): Promise<number> {
  const [rounds, pairs] = [5, 200];
  let promises = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'PROMISE') promises++;
    },
  });
  await work(1);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    promises = 0;
    hook.enable();
    await work(pairs);
    hook.disable();
    least = Math.min(least, promises);
  }
  return Math.round(least / pairs);
}

/** So many at once, as a queue's worker would, so that the server is not the limit. */
const together = 500;

obey(async (urls: Urls) => {
  const locker = await openLocker('memcached', urls);
  return async ({ locks, heartbeatMs }: HeldTask): Promise<HeldCost> => {
    const promisesPerLock = await promisesOf(async (pairs) => {
      for (let pair = 0; pair < pairs; pair++) {
        const lock = await locker.lock('counted');
        await lock.unlock();
      }
    });
    const promisesPerRun = await promisesOf(async (pairs) => {
      for (let pair = 0; pair < pairs; pair++) await locker.run('counted', () => {});
    });
    const inGroups = async (work: (index: number) => Promise<unknown>): Promise<void> => {
      for (let at = 0; at < locks; at += together) {
        await Promise.all(Array.from({ length: Math.min(together, locks - at) }, (_, index) => work(at + index)));
      }
    };
    const take = (index: number): Promise<unknown> => locker.lock(`held-${index}`);
    // Once before, so that what the process keeps of its first ten thousand is there already.
    await inGroups(take);
    let first = locker.held();
    await inGroups(async (index) => first[index]?.unlock());
    first = [];
    const emptyBytes = await heapBytes();
    await inGroups(take);
    const fullBytes = await heapBytes();
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    await sleep(heartbeatMs);
    const { user, system } = process.cpuUsage(cpuBefore);
    const lost = locks - locker.held().length;
    const cpuShare = (user + system) / 1_000 / (performance.now() - startMs);
    return { promisesPerLock, promisesPerRun, heapBytesPerLock: (fullBytes - emptyBytes) / locks, cpuShare, lost };
  };
});
