/** First come, first served, among those who wait in one process for the same resource to write. */
import type { Report } from '../breaches.ts';
import type { Need } from '../observed.ts';
import type { SimulatedProcess } from '../simulated-process.ts';

export interface Turns {
  /** Somebody asks, willing to wait. The returned function is called when the call is over, or its lock there. */
  asked(process: SimulatedProcess, who: string, needs: readonly Need[]): (isServed: boolean) => void;
}

export function createTurns(report: Report): Turns {
  const queues = new Map<string, Set<string>>();
  return {
    asked(process, who, needs) {
      const [need, ...others] = needs;
      if (need?.mode !== 'write' || others.length > 0) return () => {};
      const name = `${process.name} ${need.resource}`;
      const queue = queues.get(name) ?? new Set();
      queues.set(name, queue.add(who));
      return (isServed) => {
        const [first] = queue;
        if (isServed && queue.has(who) && first !== who)
          report('order', who, `is served "${need.resource}" before ${first}, which asked earlier`);
        queue.delete(who);
      };
    },
  };
}
