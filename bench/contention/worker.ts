/** One process of those that want the same thing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from '../../src/index.ts';
import { obey } from '../crew.ts';
import { openLockStore, type StorePlace } from '../lock-store.ts';
import { holdFor, nowMs } from './clock.ts';

export interface Setup extends StorePlace {
  /** A key of its own or of a few. */
  readonly warmsUpOn: number;
}

/** Until V8 has compiled what is hot, as in the other benchmarks; not counted. */
export const warmUpTurns = 100;

/** Ask, hold, let go, and again, in each of so many tasks. */
export interface Turns {
  readonly key: string;
  readonly tasks: number;
  readonly holdMs: number;
  readonly startAtMs: number;
  readonly endAtMs: number;
}

/** By the clock of the host. */
export interface Turn {
  readonly askedAtMs: number;
  readonly heldAtMs: number;
  readonly letGoAtMs: number;
}

export interface Taken {
  readonly turns: readonly Turn[];
  readonly requests: number;
}

const patienceMs = 600_000; // longer than any cell takes: who starves shall be seen, not given up

obey(async ({ warmsUpOn, ...place }: Setup) => {
  const { store, requests } = await openLockStore(place);
  const locker = createLocker({ store, namespace: 'contention', retry: { maxWaitMs: patienceMs } });
  for (let turn = 0; turn < warmUpTurns; turn++) {
    const lock = await locker.lock(`warm-up-${warmsUpOn}`);
    await holdFor(1);
    await lock.unlock();
  }
  return async ({ key, tasks, holdMs, startAtMs, endAtMs }: Turns): Promise<Taken> => {
    const requestsBefore = requests();
    const turns: Turn[] = [];
    await sleep(startAtMs - nowMs());
    const again = async (): Promise<void> => {
      while (nowMs() < endAtMs) {
        const askedAtMs = nowMs();
        const lock = await locker.lock(key);
        const heldAtMs = nowMs();
        await holdFor(holdMs);
        turns.push({ askedAtMs, heldAtMs, letGoAtMs: nowMs() });
        await lock.unlock();
      }
    };
    await Promise.all(Array.from({ length: tasks }, again));
    return { turns, requests: requests() - requestsBefore };
  };
});
