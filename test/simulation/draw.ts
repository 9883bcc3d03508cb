import { type Chance, createChance } from './chance.ts';
import { kindNames, kinds } from './kinds.ts';
import type { Midway, Mishap, Options, Plan, ProcessPlan, Scope, Step, TaskPlan, Wire } from './plan.ts';

const ttlsMs = [1_000, 1_500, 3_000, 5_000];
/** `extend` goes up to it too. */
export const longestTtlMs = 5_000;
export const longestWaitMs = 6_000;
/** Mishaps strike within it; then the world heals. */
export const troubledMs = 8_000;
export const deadlineMs = 300;
/** Two clocks this far off either way are less than the 2 s apart that giveway allows for. */
const nearMs = 900;
/** Two clocks this far apart, give or take `nearMs` each, are apart by more than the longest TTL and 5 s. */
const farMs = longestTtlMs + 6_000 + 2 * nearMs + 200;

/** The world of a seed. */
export function drawPlan(seed: number, takesLimits: boolean): Plan {
  const chance = createChance(seed);
  const kind = chance.pick(kindNames);
  const resources = chance.happens(0.2) ? ['s.*', 's.a', 's.b'] : ['a', 'b', 'c'].slice(0, chance.between(1, 3));
  const rough = chance.happens(0.7);
  const processes = drawProcesses(chance, resources);
  const mishaps = rough ? list(chance.between(0, 4), () => drawMishap(chance, processes, resources, kinds[kind].traits.mayForget)) : [];
  return {
    seed,
    kind,
    wire: drawWire(chance, rough),
    resources,
    limit: takesLimits && chance.happens(0.15) ? chance.between(1, 3) : 0,
    processes,
    mishaps: mishaps.filter(({ what }) => what !== 'restart' || kind === 'memcached'),
  };
}

function drawWire(chance: Chance, rough: boolean): Wire {
  const [leastMs, mostMs] = chance.pick([
    [0.05, 0.3],
    [0.5, 3],
    [1, 20],
    [5, 80],
  ] as const);
  return {
    leastMs,
    mostMs,
    deadlineMs,
    faults: rough ? chance.pick([0, 0.01, 0.05, 0.15]) : 0,
    pushesLost: rough ? chance.pick([0, 0.1, 1]) : 0,
    pushesDoubled: chance.pick([0, 0.2]),
    pushesWithEntry: chance.pick([0, 0.5, 1]),
  };
}

function drawProcesses(chance: Chance, resources: readonly string[]): readonly ProcessPlan[] {
  const names = list(chance.between(1, 5), (index) => `p${index + 1}`);
  const hosts = names.map(() => `h${chance.between(1, 4)}`);
  const far = chance.happens(0.2);
  const wallAhead = new Map(['h1', 'h2', 'h3', 'h4'].map((host, index) => [host, drawWall(chance, far, index)]));
  return names.map((name, index) => {
    const host = hosts[index] as string;
    const tasks = list(chance.between(1, 4), () => drawTask(chance, names, resources));
    return { name, host, wallAheadMs: wallAhead.get(host) as number, tasks };
  });
}

/** Near enough that no two are 2 s apart, or each by more than the longest TTL and 5 s from every other. */
function drawWall(chance: Chance, far: boolean, index: number): number {
  const near = chance.between(-nearMs, nearMs);
  return far && index > 0 ? near + (index % 2 === 0 ? -1 : 1) * Math.ceil(index / 2) * farMs : near;
}

function drawTask(chance: Chance, names: readonly string[], resources: readonly string[]): TaskPlan {
  return { steps: list(chance.between(1, 4), () => drawStep(chance, names, resources, true)) };
}

function drawStep(chance: Chance, names: readonly string[], resources: readonly string[], mayNest: boolean): Step {
  const ask = chance.happens(0.04)
    ? chance.pick(['close', 'look'] as const)
    : chance.pick(['lock', 'lock', 'tryLock', 'run', 'retry', 'retry', 'wrap'] as const);
  const options = drawOptions(chance);
  const end = chance.pick(['unlock', 'unlock', 'dispose', 'twice', 'late', 'leave', 'hand over'] as const);
  const midway = chance.happens(0.3) ? drawMidway(chance, names, resources, mayNest) : undefined;
  return {
    pauseMs: chance.pick([0, 0, 1, 10, 100, chance.between(0, 2_000)]),
    ask,
    scope: drawScope(chance, resources),
    options,
    holdMs: chance.pick([0, 1, 5, 20, 100, chance.between(0, 1_000), chance.between(0, 2 * options.ttlMs)]),
    ...(chance.happens(0.1) && { abortAfterMs: chance.pick([0, 1, 10, chance.between(1, 1_000)]) }),
    ...(midway && { midway }),
    end,
    ...(end === 'hand over' && { heir: { process: chance.pick(names), afterMs: chance.pick([0, 1, 50, 2_000]) } }),
  };
}

function drawMidway(chance: Chance, names: readonly string[], resources: readonly string[], mayNest: boolean): Midway {
  const what = chance.pick(['extend', 'extend', 'nested', 'throw', chance.happens(0.1) ? 'close' : 'extend'] as const);
  if (what === 'extend') return { what, ttlMs: chance.pick(ttlsMs) };
  if (what !== 'nested') return { what };
  return mayNest ? { what, step: drawStep(chance, names, resources, false) } : { what: 'throw' };
}

function drawOptions(chance: Chance): Options {
  const ttlMs = chance.pick(ttlsMs);
  return {
    ttlMs,
    maxHoldMs: chance.happens(0.1) ? chance.between(500, 3_000) : 60_000,
    minHoldMs: chance.happens(0.1) ? chance.between(1, ttlMs) : 0,
    heartbeat: chance.happens(0.85),
    maxWaitMs: chance.pick([0, 50, 500, 2_000, 2_000, longestWaitMs]),
    ...(chance.happens(0.05) && { maxAttempts: chance.between(1, 5) }),
    onStoreDown: chance.pick(['run', 'skip', 'throw'] as const),
  };
}

function drawScope(chance: Chance, resources: readonly string[]): Scope {
  const field = (): 'writes' | 'appends' | 'reads' => chance.pick(['writes', 'writes', 'writes', 'appends', 'appends', 'reads'] as const);
  const scope: Record<string, string[]> = {};
  for (const resource of resources) {
    if (!chance.happens(0.4)) continue;
    const name = field();
    scope[name] = [...(scope[name] ?? []), resource];
  }
  return Object.keys(scope).length > 0 ? scope : { [field()]: [chance.pick(resources)] };
}

function drawMishap(chance: Chance, processes: readonly ProcessPlan[], resources: readonly string[], mayForget: boolean): Mishap {
  const atMs = chance.within(0, troubledMs / 2);
  const { name: process, wallAheadMs } = chance.pick(processes);
  const what = chance.pick([
    'crash',
    'crash',
    'stall',
    'stall',
    'suspend',
    'wall',
    'close',
    'stand still',
    'silence',
    'outage',
    ...(mayForget ? (['forget', 'forget', 'restart'] as const) : []),
  ] as const);
  if (what === 'crash' || what === 'close') return { atMs, what, process };
  if (what === 'stall' || what === 'suspend') return { atMs, what, process, ms: chance.pick([20, 500, chance.between(1_000, 4_000)]) };
  if (what === 'wall') return { atMs, what, process, aheadMs: Math.round(wallAheadMs / farMs) * farMs + chance.between(-nearMs, nearMs) };
  if (what === 'forget') return { atMs, what, resource: chance.pick(resources) };
  if (what === 'restart') return { atMs, what };
  return { atMs, what, ms: chance.pick([50, 400, chance.between(500, 3_000)]) };
}

function list<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}
