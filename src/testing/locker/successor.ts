import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '../../lock/api/lock.ts';
import type { ResourceLocker } from '../../lock/api/locker.ts';
import type { LockOptions } from '../../lock/options.ts';
import type { StoreTraits } from '../../lock/store.ts';
import { earlyToleranceMs, mayLingerMs } from '../waiting.ts';

/**
 * Asks until the name is free: not before `afterMs` after `sentMs`, and with the last refusal asked no later than the store's
 * grain, and `slackMs`, allow. That is counted from the first refusal, which on a slow machine comes late: a store may go by
 * what this connection has seen.
 */
export async function successor(
  locker: ResourceLocker,
  name: string,
  traits: StoreTraits,
  sentMs: number,
  afterMs: number,
  slackMs = 0,
  options: LockOptions = {},
): Promise<Lock> {
  let refusedMs: number | undefined;
  for (;;) {
    const askedMs = performance.now();
    const lock = await locker.tryLock(name, options);
    const answeredMs = performance.now();
    const heldMs = answeredMs - sentMs;
    if (lock !== undefined) {
      assert(heldMs >= afterMs - earlyToleranceMs, `free after ${Math.round(heldMs)} ms instead of ${afterMs} ms`);
      return lock;
    }
    refusedMs ??= answeredMs;
    const lateMs = askedMs - refusedMs - afterMs - slackMs;
    assert(lateMs <= mayLingerMs(traits) + 100, `still refused ${Math.round(lateMs)} ms after its end`);
    await sleep(25);
  }
}
