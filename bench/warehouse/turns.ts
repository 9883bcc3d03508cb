import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceLocker } from '../../src/index.ts';
import type { LockStore } from '../../src/lock/store.ts';
import type { TakeIdeal } from '../ideal/client.ts';
import { type Scope, wantsOf } from '../ideal/scope.ts';

/** How a contender keeps writers apart: what it does around a transaction. */
export type TakeTurn = <T>(scope: Scope, job: string, work: () => Promise<T>) => Promise<T>;

export const noLock: TakeTurn = (_scope, _job, work) => work();

export function ideal(take: TakeIdeal): TakeTurn {
  return async (scope, _job, work) => {
    const letGo = await take(wantsOf(scope));
    try {
      return await work();
    } finally {
      await letGo();
    }
  };
}

const naiveTtlMs = 30_000;
const naivePauseMs = 10;

/** What most people write first: `add` a key for each table, in one order, try again every few milliseconds; no modes, no queue. */
export function naive(store: LockStore): TakeTurn {
  return async (scope, _job, work) => {
    const held: (() => Promise<unknown>)[] = [];
    try {
      for (const [table] of wantsOf(scope)) {
        const key = `naive:${table}`;
        let version = await store.create(key, randomBytes(16).toString('hex'), naiveTtlMs);
        while (version === undefined) {
          await sleep(randomInt(naivePauseMs / 2, naivePauseMs * 1.5));
          version = await store.create(key, randomBytes(16).toString('hex'), naiveTtlMs);
        }
        const taken = version;
        held.push(() => store.remove(key, taken));
      }
      return await work();
    } finally {
      await Promise.all(held.map((letGo) => letGo()));
    }
  };
}

export function giveway(locker: ResourceLocker): TakeTurn {
  return async (scope, job, work) => {
    const outcome = await locker.run(scope, work, { job });
    if (outcome.status === 'ran') return outcome.value;
    throw new Error(`${job} got no turn in ${Math.round(outcome.waitedMs)} ms (${outcome.reason}): ${outcome.resource} is held`);
  };
}
