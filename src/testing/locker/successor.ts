import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '../../lock/lock.ts';
import type { ResourceLocker } from '../../lock/locker.ts';
import type { LockOptions } from '../../lock/options.ts';
import type { StoreTraits } from '../../lock/store.ts';
import { earlyToleranceMs, mayLingerMs } from '../waiting.ts';

/**
 * Asks until the name is free: not before `afterMs` after `sentMs`, and with the last refusal asked no later than the store's
 * grain, and `slackMs`, allow.
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
  for (;;) {
    const askedMs = performance.now();
    const lock = await locker.tryLock(name, options);
    const heldMs = performance.now() - sentMs;
    if (lock !== undefined) {
      assert(heldMs >= afterMs - earlyToleranceMs, `free after ${Math.round(heldMs)} ms instead of ${afterMs} ms`);
      return lock;
    }
    const lateMs = askedMs - sentMs - afterMs - slackMs;
    assert(lateMs <= mayLingerMs(traits) + 100, `still refused ${Math.round(lateMs)} ms after its end`);
    await sleep(25);
  }
}
