import { test } from '@jest/globals';

/** Registers tests that mostly wait and share nothing: the first that is run starts all, and each reports its own. */
export function testsAtOnce(bodies: Readonly<Record<string, () => Promise<void>>>): void {
  let started: Map<string, Promise<void>> | undefined;
  const start = (): Map<string, Promise<void>> => {
    const runs = Object.entries(bodies).map(([name, body]) => [name, body()] as const);
    // Its own test awaits it; until then a failure is not an unhandled rejection.
    for (const [, run] of runs) run.catch(() => {});
    return new Map(runs);
  };
  for (const name of Object.keys(bodies)) {
    test(name, () => {
      started ??= start();
      return started.get(name);
    });
  }
}
