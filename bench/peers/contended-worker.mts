/** One process of the contended measure: `waiters` tasks that want one key, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { holdFor, nowMs } from '../contention/clock.ts';
import { obey } from '../crew.ts';
import { contenderNamed } from './contenders.mts';
import type { Setup } from './worker.mts';

export interface Crowd {
  readonly key: string;
  readonly waiters: number;
  readonly holdMs: number;
  readonly startAtMs: number;
  readonly endAtMs: number;
}

export interface Crowded {
  readonly handOvers: number;
  readonly longestMs: number;
  readonly heldMs: number;
}

obey(async ({ name, urls }: Setup) => {
  const session = await contenderNamed(name).open(urls);
  await session.release(await session.acquire(`warm-${process.pid}`));
  return async ({ key, waiters, holdMs, startAtMs, endAtMs }: Crowd): Promise<Crowded> => {
    let [handOvers, longestMs, heldMs] = [0, 0, 0];
    await sleep(startAtMs - nowMs());
    const again = async (): Promise<void> => {
      while (nowMs() < endAtMs) {
        const askedAtMs = nowMs();
        const held = await session.acquire(key);
        const heldAtMs = nowMs();
        longestMs = Math.max(longestMs, heldAtMs - askedAtMs);
        await holdFor(holdMs);
        if (heldAtMs < endAtMs) {
          handOvers++;
          heldMs += Math.min(nowMs(), endAtMs) - heldAtMs;
        }
        await session.release(held);
      }
    };
    await Promise.all(Array.from({ length: waiters }, again));
    return { handOvers, longestMs, heldMs };
  };
});
