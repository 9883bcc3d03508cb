/** One contender, in a process of its own: pairs of lock and unlock that nobody else wants. */
import { obey } from '../crew.ts';
import { quantile } from '../estimate.ts';
import type { Urls } from './contender.mts';
import { contenderNamed } from './contenders.mts';

export interface Setup {
  readonly name: string;
  readonly urls: Urls;
}

/** So many pairs, so many at a time, each lane on a key of its own; a single lane goes through a hundred keys. */
export interface Pairs {
  readonly lanes: number;
  readonly pairs: number;
}

export interface Alone {
  readonly perSecond: number;
  readonly cpuMicros: number;
  /** Of a single lane. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

obey(async ({ name, urls }: Setup) => {
  const session = await contenderNamed(name).open(urls);
  return async ({ lanes, pairs }: Pairs): Promise<Alone> => {
    const timesMs: number[] = [];
    let left = pairs;
    const oneAfterAnother = async (): Promise<void> => {
      for (let pair = 0; pair < pairs; pair++) {
        const pairStartMs = performance.now();
        await session.release(await session.acquire(`seq-${pair % 100}`));
        timesMs.push(performance.now() - pairStartMs);
      }
    };
    const lane = async (index: number): Promise<void> => {
      while (left-- > 0) await session.release(await session.acquire(`lane-${index}`));
    };
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    await (lanes === 1 ? oneAfterAnother() : Promise.all(Array.from({ length: lanes }, (_, index) => lane(index))));
    const tookMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    timesMs.sort((a, b) => a - b);
    return {
      perSecond: (pairs / tookMs) * 1_000,
      cpuMicros: (user + system) / pairs,
      p50Ms: quantile(timesMs, 0.5),
      p99Ms: quantile(timesMs, 0.99),
    };
  };
});
