import type { Cost, Load } from './contention.ts';
import type { KindName } from './kinds.ts';
import type { Mode } from './records.ts';

const withLine: readonly KindName[] = ['memcached', 'redis', 'postgres'];
const holdsMs = [1, 5, 10, 19, 30, 1_000];

function each(count: number, modes: readonly Mode[]): readonly (readonly Mode[])[] {
  return Array.from({ length: count }, () => modes);
}

/** One task that writes in each of N processes. */
const alone: readonly Load[] = withLine.flatMap((kind) =>
  [2, 3, 5, 8, 64].flatMap((count) =>
    holdsMs.map((holdMs) => ({ name: `${count} × 1 write, ${holdMs} ms`, kind, processes: each(count, ['write']), holdMs })),
  ),
);

/** Turns that nobody can foresee. */
const uneven: readonly Load[] = [3, 8].map((count) => ({
  name: `${count} × 1 write, 10 ms, some 100`,
  kind: 'memcached',
  processes: each(count, ['write']),
  holdMs: 10,
  longMs: 100,
}));

const manyTasks: readonly Load[] = withLine.map((kind) => ({
  name: '4 × 8 writes, 5 ms',
  kind,
  processes: each(
    4,
    Array.from({ length: 8 }, () => 'write' as const),
  ),
  holdMs: 5,
}));

const modes: readonly Load[] = withLine.flatMap((kind) =>
  [5, 30].flatMap((holdMs) => [
    {
      name: `reads against appends, ${holdMs} ms`,
      kind,
      processes: [...each(2, ['read', 'read']), ...each(2, ['append', 'append'])],
      holdMs,
    },
    {
      name: `appends 3 × 3 and one writer, ${holdMs} ms`,
      kind,
      processes: [...each(3, ['append', 'append', 'append']), ['write' as const]],
      holdMs,
    },
    { name: `three modes, ${holdMs} ms`, kind, processes: [['read' as const], ['append' as const], ['write' as const]], holdMs },
  ]),
);

/** What a store without a line costs stands beside them. */
const withoutLine: readonly Load[] = [2, 8].map((count) => ({
  name: `${count} × 1 write, 30 ms`,
  kind: 'momento',
  processes: each(count, ['write']),
  holdMs: 30,
}));

export const loads: readonly Load[] = [...alone, ...uneven, ...manyTasks, ...modes, ...withoutLine];

/** What is promised of a load. */
export interface Target {
  readonly requests?: number;
  readonly longestCycles?: number;
  /** Where many go together a cycle is short: that no mode starves is said in time. 0.1.0 took 2.5 s. */
  readonly longestMs?: number;
  readonly heldPercent?: number;
}

export function targetOf({ kind, processes, holdMs, longMs = holdMs }: Load): Target | undefined {
  if (kind === 'momento') return undefined;
  if (longMs !== holdMs) return { requests: 12, longestCycles: 2.5, heldPercent: 80 };
  if (processes.every((tasks) => tasks.length === 1 && tasks[0] === 'write'))
    return { ...(holdMs <= 30 && { requests: processes.length > 8 ? 20 : 10 }), longestCycles: 2 };
  if (processes.some((tasks) => tasks.some((mode) => mode !== 'write'))) return { longestMs: 500 };
  return { heldPercent: kind === 'postgres' ? 75 : 93, longestMs: 500 };
}

/** What a cost falls short of, in words. */
export function shortfalls(cost: Cost): readonly string[] {
  const target = targetOf(cost.load);
  return [
    ...(target?.requests !== undefined && cost.requestsPerTurn > target.requests ? [`requests > ${target.requests}`] : []),
    ...(target?.longestCycles !== undefined && cost.longestCycles > target.longestCycles
      ? [`longest > ${target.longestCycles} cycles`]
      : []),
    ...(target?.longestMs !== undefined && cost.longestMs > target.longestMs ? [`longest > ${target.longestMs} ms`] : []),
    ...(target?.heldPercent !== undefined && cost.heldPercent < target.heldPercent ? [`held < ${target.heldPercent} %`] : []),
    ...(cost.breaches > 0 ? [`${cost.breaches} violations`] : []),
  ];
}

export function costLine(cost: Cost): string {
  const { load, requestsPerTurn, p99Cycles, longestCycles, longestMs, heldPercent } = cost;
  const cells = [
    load.kind.padEnd(10),
    load.name.padEnd(32),
    requestsPerTurn.toFixed(1).padStart(9),
    p99Cycles.toFixed(1).padStart(8),
    longestCycles.toFixed(1).padStart(8),
    Math.round(longestMs).toString().padStart(8),
    heldPercent.toFixed(1).padStart(7),
  ];
  return `${cells.join('  ')}  ${shortfalls(cost).join(', ')}`;
}

export const costHead = `${'store'.padEnd(10)}  ${'load'.padEnd(32)}  requests  p99 wait  longest  longest    held
${' '.repeat(44)}  per turn    cycles   cycles       ms       %`;
