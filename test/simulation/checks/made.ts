/** Parts of hand-made histories. */
import type { Lock } from '../../../src/index.ts';
import type { Breach, Report } from '../breaches.ts';
import type { Held, Need } from '../observed.ts';
import type { SimulatedProcess } from '../simulated-process.ts';

/** The time, moved by hand. */
export const now: { ms: number } = { ms: 0 };
export const clock = { nowMs: (): number => now.ms };

export function gather(): { readonly report: Report; told(): readonly string[] } {
  const breaches: Omit<Breach, 'atMs'>[] = [];
  return {
    report: (promise, who, text) => void breaches.push({ promise, who, text }),
    told: () => breaches.map(({ promise, who }) => `${promise} ${who}`),
  };
}

export function processOf(name: string, state: Partial<SimulatedProcess> = {}): SimulatedProcess {
  return {
    name,
    host: `h-${name}`,
    runs: true,
    crashed: false,
    stoppedMs: 0,
    clock: { wallMs: () => now.ms },
    ...state,
  } as SimulatedProcess;
}

export const token = (digit: number): string => digit.toString(16).repeat(32);

export function recordOf(...holders: readonly object[]): string {
  return JSON.stringify({
    v: 1,
    holders: holders.map((holder) => ({ mode: 'write', host: 'h', job: 'j', ttlMs: 1_000, until: now.ms + 1_000, ...holder })),
  });
}

export function heldBy(name: string, needs: readonly Need[], change: Partial<Held> = {}, lock: Partial<Lock> = {}): Held {
  return {
    who: name,
    job: name,
    process: processOf(name),
    lock: { isProtected: true, signal: { aborted: false }, remainingMs: () => 1_000, ...lock } as Lock,
    needs,
    options: { ttlMs: 1_000, maxHoldMs: 60_000, minHoldMs: 0, heartbeat: true, maxWaitMs: 0, onStoreDown: 'run' },
    family: name,
    askedMs: now.ms,
    fromMs: now.ms,
    sinceMs: now.ms,
    endedMs: undefined,
    overMs: undefined,
    ...change,
  };
}

export const write: readonly Need[] = [{ resource: 't', mode: 'write' }];
export const append: readonly Need[] = [{ resource: 't', mode: 'append' }];
