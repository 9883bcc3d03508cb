import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LockStore, StoreTraits } from '../lock/store.ts';

/** Waits until `condition` holds, and fails with `what` if it does not when asked `limitMs` after the first answer. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  let endMs = Number.POSITIVE_INFINITY;
  for (;;) {
    const askedMs = performance.now();
    if (await condition()) return;
    if (askedMs > endMs) assert.fail(`not within ${limitMs} ms: ${what}`);
    endMs = Math.min(endMs, performance.now() + limitMs);
    await sleep(10);
  }
}

/** How long past its TTL an entry may still be seen. Whole-second clocks may round up, and skip a tick, and be read late; their ticks are late on a busy machine. */
export function mayLingerMs({ ttlGrainMs }: StoreTraits): number {
  return ttlGrainMs + (ttlGrainMs < 1_000 ? 500 : 2_250);
}

/** The shortest TTL worth waiting for: under a second where the store counts milliseconds, so that a store that rounds is found out. */
export function shortTtlMs({ ttlGrainMs }: StoreTraits): number {
  return ttlGrainMs < 1_000 ? 300 : 1_000;
}

/** The shortest TTL within which something else must be done: a busy machine may stand still for a second. */
export const roomyTtlMs = 2_000;

/** Server clocks are cached for some milliseconds, and cut to whole ones. */
export const earlyToleranceMs = 5;

/**
 * Performs `write`, then reads until `key` is gone, and fails if that was before `ttlMs` or later than the store's grain allows.
 *
 * Counted so that a slow machine cannot accuse an honest store: an entry was seen too late only if the *question* was late,
 * and gone too early only if the *answer* was early.
 */
export async function assertLives<T>(
  stage: { stores: readonly LockStore[]; traits: StoreTraits },
  key: string,
  ttlMs: number,
  write: () => Promise<T>,
): Promise<T> {
  const [, reader] = stage.stores;
  assert(reader);
  const sentMs = performance.now();
  const written = await write();
  const writtenMs = performance.now();
  assert(written, 'the write whose TTL is watched was refused');
  for (;;) {
    const askedMs = performance.now();
    const entry = await reader.read(key);
    if (entry === undefined) break;
    const lateMs = askedMs - writtenMs - ttlMs;
    assert(lateMs <= mayLingerMs(stage.traits), `still there ${Math.round(lateMs)} ms after its TTL of ${ttlMs} ms was over`);
    await sleep(25);
  }
  const livedMs = performance.now() - sentMs;
  assert(livedMs >= ttlMs - earlyToleranceMs, `gone after ${Math.round(livedMs)} ms; its TTL was ${ttlMs} ms`);
  return written;
}
