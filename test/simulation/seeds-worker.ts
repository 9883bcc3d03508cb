/** One core's share of the seeds: plays them one after the other and tells its parent of each. */
import { drawPlan } from './draw.ts';
import { takesLimits } from './identity.ts';
import { play } from './play.ts';
import type { Told } from './seeds.ts';

const [from, to, stride] = process.argv.slice(2).map(Number) as [number, number, number];
const tell = (told: Told): void => void process.send?.(told);

for (let seed = from; seed < to; seed += stride) {
  tell({ begun: seed });
  const { breaches, events } = await play(drawPlan(seed, takesLimits));
  tell({ played: seed, events, breaches });
}
process.disconnect();
