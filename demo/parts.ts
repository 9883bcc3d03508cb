import type { Kind } from './messages.ts';

/** Three parts: the loader, the API, the scheduler. Worker 0 plays the first, 1 the second, 2 the third, 3 the first again, … */
const partOf: Readonly<Record<Kind, number>> = { batches: 0, reads: 1, updates: 2, rollups: 2 };
const parts = 3;

/** How many of `loops` loops of a kind are this worker's. Fewer than three workers share the parts. */
export function shareOf(kind: Kind, loops: number, { worker, workers }: { readonly worker: number; readonly workers: number }): number {
  const part = partOf[kind];
  const players = [...Array(workers).keys()].filter((each) => (workers < parts ? each === part % workers : each % parts === part));
  const seat = players.indexOf(worker);
  return seat === -1 ? 0 : Math.ceil((loops - seat) / players.length);
}
