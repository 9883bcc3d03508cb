import { measure } from './contention.ts';
import { costHead, costLine, loads } from './loads.ts';

console.log(costHead);
for (const load of loads.filter((l) => l.name.includes(process.argv[2] ?? ''))) {
  const t = performance.now();
  const c = await measure(load);
  console.log(costLine(c), Math.round(performance.now() - t));
}
