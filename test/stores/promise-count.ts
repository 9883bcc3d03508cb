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
  const [least = Number.NaN] = await leastOfThree(async () => [(await countPromises(keys, byHand)).promises]);
  return least;
}

/** What `measure` counts, each figure the least of three: what else lives in this process only adds to a count. */
export async function leastOfThree(measure: () => Promise<readonly number[]>): Promise<number[]> {
  const rounds = [await measure(), await measure(), await measure()];
  return (rounds[0] ?? []).map((_, index) => Math.min(...rounds.map((round) => round[index] ?? Number.NaN)));
}
