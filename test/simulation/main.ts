import { drawPlan } from './draw.ts';
import { takesLimits } from './identity.ts';
import { play } from './play.ts';

const [from, count] = process.argv.slice(2).map(Number) as [number, number];
const started = performance.now();
let events = 0;
const kindsOf = new Map<string, number[]>();
for (let seed = from; seed < from + count; seed++) {
  const plan = drawPlan(seed, takesLimits);
  const played = await play(plan);
  const far = plan.processes.some(({ wallAheadMs }) => Math.abs(wallAheadMs) > 1000) ? 'FAR ' : '';
  events += played.events;
  if (played.breaches.length > 0) {
    for (const { promise, text } of played.breaches) {
      const kind = `${far}${promise} ${text.replace(/"[^"]*"|p\d\.\d+#\d+n?|\d+/g, '_').slice(0, 100)}`;
      kindsOf.set(kind, [...(kindsOf.get(kind) ?? []), seed]);
    }
    if (count === 1) console.log(played.history().join('\n'));
  }
  if (count === 1 && played.breaches.length === 0) console.log(played.history().join('\n'));
}
for (const [kind, seeds] of kindsOf) console.log(String(seeds.length).padStart(5), kind, [...new Set(seeds)].slice(0, 5).join(' '));
console.log(count, 'worlds', events, 'events', ((performance.now() - started) / count).toFixed(1), 'ms a world');
