import type { LockScope } from '../../src/index.ts';
import type { Mode } from '../../src/lock/holder.ts';
import type { Need } from './history.ts';
import type { Random } from './random.ts';

export const resources: readonly string[] = ['events', 'visits'];

/** What a worker does in one turn. */
export interface Task {
  readonly needs: readonly Need[];
  readonly scope: LockScope;
  /** `lock()`, or else `tryLock()`. */
  readonly waits: boolean;
  /** Goes on without a lock when the store is down. */
  readonly runsUnprotected: boolean;
  readonly holdMs: number;
}

/** Mostly writers of one table and short holds; now and then sharers, two tables at once, and holds that need heartbeats. */
export function nextTask(random: Random, modes: 'all' | 'write'): Task {
  const wantsBoth = random.chance(0.15);
  const mode: Mode = modes === 'write' || wantsBoth || random.chance(0.6) ? 'write' : random.pick(['append', 'read']);
  const names = wantsBoth ? resources : [random.pick(resources)];
  return {
    needs: names.map((resource) => ({ resource, mode })),
    scope: { [`${mode}s`]: names },
    waits: random.chance(0.75),
    runsUnprotected: random.chance(0.2),
    holdMs: random.chance(0.92) ? random.between(0, 30) : random.between(300, 1_300),
  };
}
