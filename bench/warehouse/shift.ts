/** What a process does for the length of a round: loops that work and pause. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kind } from './messages.ts';

export interface Loop {
  readonly kind: Kind;
  readonly firstMs: number;
  /** How long to pause after work that took `tookMs`. */
  readonly pauseMs: (tookMs: number) => number;
  readonly work: () => Promise<unknown>;
}

/** Pauses for half to one and a half times `ms`, so that loops do not fall into step. */
export function pausing(kind: Kind, ms: number, work: () => Promise<unknown>): Loop {
  return { kind, firstMs: ms * Math.random(), pauseMs: () => ms * (0.5 + Math.random()), work };
}

/** Begins each `everyMs`, or as soon as it is done. The first time after a part of that, the same in every round. */
export function scheduled(kind: Kind, everyMs: number, phase: number, work: () => Promise<unknown>): Loop {
  return { kind, firstMs: everyMs * phase, pauseMs: (tookMs) => everyMs - tookMs, work };
}

/** Works for `ms`. What is under way then is finished, not dropped. */
export async function play(loops: readonly Loop[], ms: number): Promise<{ ms: number; timesMs: Record<Kind, number[]> }> {
  const startMs = performance.now();
  const timesMs: Record<Kind, number[]> = { inserts: [], jobs: [], reads: [] };
  const leftMs = (): number => ms - (performance.now() - startMs);
  const pause = async (pauseMs: number): Promise<void> => {
    const wantedMs = Math.min(leftMs(), pauseMs);
    if (wantedMs > 0) await sleep(wantedMs);
  };
  const repeat = async ({ kind, firstMs, pauseMs, work }: Loop): Promise<void> => {
    await pause(firstMs);
    while (leftMs() > 0) {
      const beganMs = performance.now();
      await work();
      const tookMs = performance.now() - beganMs;
      timesMs[kind].push(tookMs);
      await pause(pauseMs(tookMs));
    }
  };
  await Promise.all(loops.map(repeat));
  return { ms: performance.now() - startMs, timesMs };
}
