/** One process of the contended measure: `waiters` tasks that want one key, again and again. Prints one line of JSON. */
import { contenderNamed } from './contenders.mts';

const { name, urls, key, waiters, holdMs, startAtMs, runMs } = JSON.parse(process.argv[2] ?? '{}');
const session = await contenderNamed(name).open(urls);
let handOvers = 0;
let longestMs = 0;
let heldMs = 0;
await (await session.take(`warm-${process.pid}`))();
await new Promise((resolve) => setTimeout(resolve, Math.max(0, startAtMs - Date.now())));
const endMs = Date.now() + runMs;
await Promise.all(
  Array.from({ length: waiters }, async () => {
    while (Date.now() < endMs) {
      const askedMs = performance.now();
      const letGo = await session.take(key);
      const tookMs = performance.now();
      longestMs = Math.max(longestMs, tookMs - askedMs);
      if (holdMs > 0) await new Promise((resolve) => setTimeout(resolve, holdMs));
      heldMs += performance.now() - tookMs;
      if (Date.now() < endMs) handOvers++;
      await letGo();
    }
  }),
);
console.log(JSON.stringify({ handOvers, longestMs, heldMs }));
await session.close();
process.exit(0);
