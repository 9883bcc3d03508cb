/** One process in which very many wait for one key. */
import { createLocker } from '../../src/index.ts';
import { obey } from '../crew.ts';
import { openLockStore, type StorePlace } from '../lock-store.ts';
import { nowMs } from './clock.ts';

export interface Waiters {
  readonly key: string;
  readonly mode: 'writes' | 'appends';
  readonly count: number;
}

const patienceMs = 600_000; // nobody shall give up here

/** Microseconds for each of them: from asking to the last one's answer that it let go. */
obey(async (place: StorePlace) => {
  const { store } = await openLockStore(place);
  const locker = createLocker({ store, namespace: 'waiters', retry: { maxWaitMs: patienceMs } });
  return async ({ key, mode, count }: Waiters): Promise<number> => {
    const holder = await locker.lock(key);
    const startMs = nowMs();
    const served = Array.from({ length: count }, async () => (await locker.lock({ [mode]: key })).unlock());
    await store.read(`${key}-nobody`); // by now they all wait
    await holder.unlock();
    await Promise.all(served);
    return ((nowMs() - startMs) * 1_000) / count;
  };
});
