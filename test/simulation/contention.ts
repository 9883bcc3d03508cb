/** What contention costs: requests for each turn, how long the unluckiest waits, how much of the time is held. */
import type { KindName } from './kinds.ts';
import type { Plan } from './plan.ts';
import { inWorld } from './play.ts';
import type { Mode } from './records.ts';
import type { World } from './world.ts';

/** A load: tasks that hold one resource again and again, and come straight back. */
export interface Load {
  readonly name: string;
  readonly kind: KindName;
  /** In each process, one mode for each of its tasks. */
  readonly processes: readonly (readonly Mode[])[];
  readonly holdMs: number;
  /** Three turns in ten take so long instead. */
  readonly longMs?: number;
}

export interface Cost {
  readonly load: Load;
  readonly turns: number;
  readonly requestsPerTurn: number;
  /** Waits in units of the mean time between two turns of one task. */
  readonly p99Cycles: number;
  readonly longestCycles: number;
  readonly longestMs: number;
  /** Share of the time in which somebody held, in percent. */
  readonly heldPercent: number;
  readonly breaches: number;
}

/** One way: 0.24 ms a request, as on a local network, with a little chance, or all would go in step. */
const wire = { leastMs: 0.11, mostMs: 0.13, deadlineMs: 1_000, faults: 0, pushesLost: 0, pushesDoubled: 0, pushesWithEntry: 0 };
/** Turns of each task after it has warmed up: enough for a bad one to show. */
const cycles = 40;
/** In the first ones nobody knows yet how long the others hold. */
const warmUpCycles = 5;
const longestMs = 600_000;

export function measure(load: Load): Promise<Cost> {
  const processes = load.processes.map((_, index) => ({ name: `p${index + 1}`, host: `h${index + 1}`, wallAheadMs: 0, tasks: [] }));
  const plan: Plan = { seed: 1, kind: load.kind, wire, resources: ['t'], limit: 0, processes, mishaps: [] };
  return inWorld(plan, (world) => measureIn(world, load));
}

async function measureIn(world: World, { processes, holdMs, longMs = holdMs, ...rest }: Load): Promise<Cost> {
  const { timeline, members, history } = world;
  history.stop();
  const tasks = processes.reduce((sum, modes) => sum + modes.length, 0);
  const waits: number[] = [];
  const holds: { readonly fromMs: number; readonly toMs: number }[] = [];
  const waiting = new Map<string, number>();
  let turns = 0;
  let counting = false;
  const loop = async (name: string, task: number, mode: Mode): Promise<void> => {
    const member = members.get(name) as NonNullable<ReturnType<typeof members.get>>;
    const scope = { [`${mode}s`]: 't' };
    // Not all at once.
    await member.process.sleep(world.chance.within(0, holdMs));
    for (;;) {
      waiting.set(`${name}.${task}`, timeline.nowMs);
      const lock = await member.locker.lock(scope, { retry: { maxWaitMs: longestMs }, onStoreDown: 'throw', maxHoldMs: longestMs });
      const fromMs = timeline.nowMs;
      turns++;
      if (counting) waits.push(fromMs - (waiting.get(`${name}.${task}`) as number));
      waiting.delete(`${name}.${task}`);
      await member.process.sleep(longMs !== holdMs && world.chance.within(0, 10) < 3 ? longMs : holdMs);
      if (counting) holds.push({ fromMs, toMs: timeline.nowMs });
      await lock.unlock();
    }
  };
  for (const [index, modes] of processes.entries()) for (const [task, mode] of modes.entries()) void loop(`p${index + 1}`, task, mode);
  const until = (count: number): Promise<unknown> =>
    timeline.run({ limitMs: timeline.nowMs + longestMs, limitEvents: Number.POSITIVE_INFINITY, done: () => turns >= count });
  await until(warmUpCycles * tasks);
  counting = true;
  const startMs = timeline.nowMs;
  const before = { turns, requests: requestsOf(world) };
  await until(before.turns + cycles * tasks);
  const tookMs = timeline.nowMs - startMs;
  const counted = turns - before.turns;
  for (const sinceMs of waiting.values()) waits.push(timeline.nowMs - sinceMs);
  waits.sort((one, other) => one - other);
  const cycleMs = (tookMs * tasks) / counted;
  const worstMs = waits.at(-1) ?? 0;
  return {
    load: { processes, holdMs, longMs, ...rest },
    turns: counted,
    requestsPerTurn: (requestsOf(world) - before.requests) / counted,
    p99Cycles: (waits[Math.floor(waits.length * 0.99)] ?? worstMs) / cycleMs,
    longestCycles: worstMs / cycleMs,
    longestMs: worstMs,
    heldPercent: (100 * covered(holds)) / tookMs,
    breaches: world.breaches.length,
  };
}

function requestsOf({ members }: World): number {
  return [...members.values()].reduce((sum, { connection }) => sum + connection.requests, 0);
}

/** The time in which at least one of the spans runs. */
function covered(spans: readonly { readonly fromMs: number; readonly toMs: number }[]): number {
  let sum = 0;
  let until = 0;
  for (const { fromMs, toMs } of [...spans].sort((one, other) => one.fromMs - other.fromMs)) {
    sum += Math.max(0, toMs - Math.max(fromMs, until));
    until = Math.max(until, toMs);
  }
  return sum;
}
