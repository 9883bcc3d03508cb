import { createHook } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';

/** How many promises were made until all of `answers` had come. */
export interface Counted<T> {
  readonly answers: T[];
  readonly promises: number;
}

/** Makes one call for each key, all at once. */
export async function countPromises<T>(keys: readonly string[], call: (key: string, index: number) => Promise<T>): Promise<Counted<T>> {
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises += 1;
    },
  });
  await setImmediate(); // whoever called has made its own promises by then
  hook.enable();
  const answers = await Promise.all(keys.map(call));
  hook.disable();
  return { answers, promises };
}

/** The least there can be: one for each call. */
export async function leastPromises(keys: readonly string[]): Promise<number> {
  const byHand = (): Promise<unknown> => new Promise((resolve) => globalThis.setImmediate(resolve));
  await countPromises(keys, byHand); // so that what is made once is made
  const [least = Number.NaN] = await leastOfTen(async () => [(await countPromises(keys, byHand)).promises]);
  return least;
}

/** What `measure` counts, each figure the least of ten: what else lives in this process, such as what an earlier test left to end, only adds to a count. */
export async function leastOfTen(measure: () => Promise<readonly number[]>): Promise<number[]> {
  let least = await measure();
  for (let round = 1; round < 10; round++) {
    const counted = await measure();
    least = least.map((figure, index) => Math.min(figure, counted[index] ?? Number.NaN));
  }
  return [...least];
}
