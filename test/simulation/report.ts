import type { Failure, Tally } from './seeds.ts';
import { kindOf } from './shrink.ts';

/** How many seeds are named for each kind of breach. */
const namedSeeds = 5;

/** One line for each kind of breach, the most frequent first. */
export function reportKinds(failures: readonly Failure[]): string {
  const kinds = new Map<string, number[]>();
  for (const { seed, breaches } of failures)
    for (const kind of new Set(breaches.map(({ promise, text }) => `${promise.padEnd(9)} ${kindOf(text)}`))) {
      const seeds = kinds.get(kind);
      if (seeds === undefined) kinds.set(kind, [seed]);
      else seeds.push(seed);
    }
  return [...kinds]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([kind, seeds]) => `${String(seeds.length).padStart(6)}  ${kind.padEnd(90)}  seeds ${seeds.slice(0, namedSeeds).join(', ')}\n`)
    .join('');
}

export function reportTally({ worlds, events, tookMs, failures }: Tally, cores: number): string {
  const breaches = failures.reduce((sum, failure) => sum + failure.breaches.length, 0);
  return (
    `${worlds} seeds, ${events} events, ${(tookMs / 1_000).toFixed(1)} s: ${((worlds * 1_000) / tookMs).toFixed(1)} worlds/s, ` +
    `${((tookMs * cores) / worlds).toFixed(1)} ms a world on each of ${cores} cores; ${failures.length} worlds with ${breaches} violations\n`
  );
}
