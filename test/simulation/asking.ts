import type { Lock, LockOptions, RunOptions } from '../../src/index.ts';
import { boundsOf } from './bounds.ts';
import type { Member } from './member.ts';
import { believes, type Held, type Need, needsOf } from './observed.ts';
import type { Step } from './plan.ts';
import type { World } from './world.ts';

/** Who asks: a task of a process, with a job's name of its own for each call. */
export interface Asker {
  readonly world: World;
  readonly member: Member;
  readonly who: string;
  readonly job: string;
  /** Inside the run of this family. */
  readonly family: string | undefined;
}

/** Errors that a caller has to reckon with, by their code. */
const expected: readonly (string | undefined)[] = [
  'ERR_GIVEWAY_BUSY',
  'ERR_GIVEWAY_STORE_UNAVAILABLE',
  'ERR_GIVEWAY_RACES',
  'ERR_GIVEWAY_CLOSED',
  'ERR_GIVEWAY_UPGRADE',
  'ERR_GIVEWAY_LOCK_LOST',
  'ERR_GIVEWAY_NOT_TRANSFERABLE',
  'ABORT_ERR',
];

export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** Makes a call, and sees to it that it settles within its bound, and with an error that the contract knows. `undefined`: it failed. */
export async function call<T>(
  asker: Asker,
  name: string,
  boundMs: number,
  make: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  const { world, member, who } = asker;
  const open = world.calls.begin(member.process, who, name, boundMs);
  world.history.note(who, name);
  try {
    const value = await make();
    open.settle();
    return { value };
  } catch (error) {
    open.settle();
    world.history.note(who, `${name} failed: ${codeOf(error) ?? String(error)}`);
    if (!expected.includes(codeOf(error))) world.report('P9', who, `${name} fails with ${String(error)}`);
    return { error };
  }
}

export function optionsOf({ options, ask }: Step, job: string, signal: AbortSignal | undefined): LockOptions & RunOptions {
  const { ttlMs, maxHoldMs, minHoldMs, heartbeat, maxWaitMs, maxAttempts, onStoreDown } = options;
  const isRun = ask === 'run' || ask === 'retry' || ask === 'wrap';
  return {
    ttlMs,
    maxHoldMs,
    minHoldMs,
    heartbeat,
    onStoreDown,
    retry: { maxWaitMs, ...(maxAttempts !== undefined && { maxAttempts }) },
    job,
    ...(signal && { signal }),
    ...(isRun && { onBusy: ask === 'retry' ? ('retry' as const) : ('skip' as const) }),
  };
}

/** A lock came back: from here on its holder goes by it. */
export function hold(asker: Asker, lock: Lock, step: Step, needs: readonly Need[], askedMs: number): Held {
  const { world, member, who, job, family } = asker;
  const { options } = step;
  const held: Held = {
    who,
    job,
    process: member.process,
    lock,
    needs,
    options,
    family: family ?? job,
    askedMs,
    fromMs: world.timeline.nowMs,
    sinceMs: world.timeline.nowMs - Math.max(0, member.process.clock.wallMs() - lock.acquiredAt.getTime()),
    endedMs: undefined,
    overMs: undefined,
  };
  if (!lock.isProtected) {
    // Inside a run it may only have joined one that is not protected.
    if (options.onStoreDown !== 'run' && family === undefined)
      world.report('P8', who, `runs without protection, although onStoreDown is '${options.onStoreDown}'`);
    if (family === undefined) world.sights.unprotected(member.process, who, needs, askedMs);
  }
  const id = member.endings.idOf(job);
  const isGivenUp = lock.signal.aborted && (lock.signal.reason as Error | undefined)?.name === 'AbortError';
  if (!believes(held) && !isGivenUp && (id === undefined || !member.endings.wasLost(id)))
    world.report('P6', who, 'is given a lock that is over, and no event tells of it');
  world.beliefs.begin(held);
  return held;
}

export { boundsOf, needsOf };
