import { setTimeout as sleep } from 'node:timers/promises';
import { processWide } from '../jobs/process-wide.ts';
import { createWaits, type Wait } from '../jobs/waits.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';

/** The fires of one locker in this process. */
export interface UnderWay {
  /** Counts what `work` does until it ends. After `stop` nothing begins, and the answer is `undefined`. */
  run<T>(work: (wait: Wait) => Promise<T>): Promise<T | undefined>;
  /** Fires that wait for their lock give up; those at work go on to their end. */
  stop(): void;
  /** Resolves when they are over. */
  over(): Promise<unknown>;
}

const all = processWide('nest-under-way.v1', () => new WeakMap<ResourceLocker, UnderWay>());

export function underWay(locker: ResourceLocker): UnderWay {
  const known = all.get(locker) ?? createUnderWay();
  all.set(locker, known);
  return known;
}

function createUnderWay(): UnderWay {
  const waits = createWaits(undefined);
  const running = new Set<Promise<unknown>>();
  let isStopped = false;
  return {
    async run(work) {
      if (isStopped) return undefined;
      const wait = waits.begin();
      const ending = work(wait).finally(() => {
        wait.end();
        running.delete(ending);
      });
      running.add(ending);
      return ending;
    },
    stop() {
      isStopped = true;
      waits.giveUp();
    },
    over: () => Promise.allSettled(running),
  };
}

/** Between two looks at what is still held. Such a look asks nobody. */
const lookEveryMs = 20;

/** Resolves when the locker holds nothing, or when the time is over. */
export async function nothingHeld(locker: ResourceLocker, withinMs: number): Promise<void> {
  const endMonoMs = performance.now() + withinMs;
  while (locker.held().length > 0 && performance.now() < endMonoMs) await sleep(lookEveryMs);
}

/** Resolves when `work` has ended, well or not, or when the time is over. */
export async function untilOver(work: Promise<unknown>, withinMs: number): Promise<void> {
  const isOver = new AbortController();
  const late = sleep(withinMs, undefined, { signal: isOver.signal }).catch(() => {});
  await Promise.race([work.catch(() => {}), late]);
  isOver.abort();
}
