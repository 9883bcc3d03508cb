/** One process of those that want the same thing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from '../../src/index.ts';
import { obey } from '../crew.ts';
import { idealClient } from '../ideal/client.ts';
import { openLockStore, type StorePlace } from '../lock-store.ts';
import { holdFor, nowMs } from './clock.ts';

export interface Setup extends StorePlace {
  readonly idealPort: number;
  /** A key of its own or of a few. */
  readonly warmsUpOn: number;
}

/** Until V8 has compiled what is hot, as in the other benchmarks; not counted. */
export const warmUpTurns = 100;

export type Contender = 'giveway' | 'ideal';

/** Ask, hold, let go, and again, in each of so many tasks. */
export interface Turns {
  readonly contender: Contender;
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

/** Takes it, and resolves to what lets go. */
type Take = (key: string) => Promise<() => Promise<unknown>>;

obey(async ({ warmsUpOn, idealPort, ...place }: Setup) => {
  const { store, requests } = await openLockStore(place);
  const locker = createLocker({ store, namespace: 'contention', retry: { maxWaitMs: patienceMs } });
  const takeIdeal = idealClient(idealPort);
  const takes: Record<Contender, Take> = {
    async giveway(key) {
      const lock = await locker.lock(key);
      return () => lock.unlock();
    },
    ideal: (key) => takeIdeal([[key, 'write']]),
  };
  for (const take of Object.values(takes)) {
    for (let turn = 0; turn < warmUpTurns; turn++) {
      const letGo = await take(`warm-up-${warmsUpOn}`);
      await holdFor(1);
      await letGo();
    }
  }
  return async ({ contender, key, tasks, holdMs, startAtMs, endAtMs }: Turns): Promise<Taken> => {
    const take = takes[contender];
    const requestsBefore = requests();
    const turns: Turn[] = [];
    await sleep(startAtMs - nowMs());
    const again = async (): Promise<void> => {
      while (nowMs() < endAtMs) {
        const askedAtMs = nowMs();
        const letGo = await take(key);
        const heldAtMs = nowMs();
        await holdFor(holdMs);
        turns.push({ askedAtMs, heldAtMs, letGoAtMs: nowMs() });
        await letGo();
      }
    };
    await Promise.all(Array.from({ length: tasks }, again));
    return { turns, requests: requests() - requestsBefore };
  };
});
