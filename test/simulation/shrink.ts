/** A world that fails, made as small as it goes while the same promise is broken. */
import type { Breach } from './breaches.ts';
import type { Plan, ProcessPlan, Step, TaskPlan } from './plan.ts';
import { play } from './play.ts';

/** A world takes some 20 ms: half a minute at most. */
const mostPlays = 1_500;

export async function shrink(plan: Plan, first: Breach): Promise<Plan> {
  let smallest = plan;
  let plays = 0;
  const stillFails = async (candidate: Plan): Promise<boolean> => {
    plays++;
    const { breaches } = await play(candidate);
    return breaches.some(({ promise, text }) => promise === first.promise && kindOf(text) === kindOf(first.text));
  };
  for (let went = true; went && plays < mostPlays; ) {
    went = false;
    for (const candidate of smaller(smallest)) {
      if (plays >= mostPlays) break;
      if (!(await stillFails(candidate))) continue;
      smallest = candidate;
      went = true;
      break;
    }
  }
  return smallest;
}

/** What a breach says, without names and numbers. */
export function kindOf(text: string): string {
  return text.replace(/"[^"]*"|p\d\.\d+#\d+n?|p\d\b|giveway:\S+|\{.*\}|\d+/g, '_');
}

/** Every plan that is smaller by one thing, the big things first. */
function* smaller(plan: Plan): Generator<Plan> {
  const { processes, mishaps, wire } = plan;
  for (const rest of without(processes)) if (rest.length > 0) yield { ...plan, processes: rest };
  for (const rest of without(mishaps)) yield { ...plan, mishaps: rest };
  if (wire.faults > 0) yield { ...plan, wire: { ...wire, faults: 0 } };
  if (wire.pushesLost + wire.pushesDoubled + wire.pushesWithEntry > 0)
    yield { ...plan, wire: { ...wire, pushesLost: 0, pushesDoubled: 0, pushesWithEntry: 0 } };
  yield* inEach(processes, smallerProcess, (changed) => ({ ...plan, processes: changed }));
  if (wire.mostMs > wire.leastMs) yield { ...plan, wire: { ...wire, mostMs: wire.leastMs } };
  for (const [index] of processes.entries())
    if (processes[index]?.wallAheadMs !== 0)
      yield { ...plan, processes: processes.map((process, at) => (at === index ? { ...process, wallAheadMs: 0 } : process)) };
}

function* smallerProcess(process: ProcessPlan): Generator<ProcessPlan> {
  for (const tasks of without(process.tasks)) yield { ...process, tasks };
  yield* inEach(process.tasks, smallerTask, (tasks) => ({ ...process, tasks }));
}

function* smallerTask(task: TaskPlan): Generator<TaskPlan> {
  for (const steps of without(task.steps)) yield { steps };
  yield* inEach(task.steps, smallerStep, (steps) => ({ steps }));
}

function* smallerStep(step: Step): Generator<Step> {
  const { midway, abortAfterMs, heir, ...bare } = step;
  if (midway !== undefined) yield { ...step, midway: undefined };
  if (midway?.what === 'nested') yield* map(smallerStep(midway.step), (nested) => ({ ...step, midway: { ...midway, step: nested } }));
  if (abortAfterMs !== undefined) yield { ...bare, midway, heir };
  if (step.end !== 'unlock') yield { ...bare, midway, abortAfterMs, end: 'unlock' };
  for (const field of ['writes', 'appends', 'reads'] as const) {
    const names = step.scope[field];
    if (names === undefined) continue;
    for (const rest of without(names)) {
      const { [field]: _, ...others } = step.scope;
      const scope = rest.length > 0 ? { ...others, [field]: rest } : others;
      if (Object.keys(scope).length > 0) yield { ...step, scope };
    }
  }
  if (step.options.minHoldMs > 0) yield { ...step, options: { ...step.options, minHoldMs: 0 } };
  if (step.options.maxHoldMs < 60_000) yield { ...step, options: { ...step.options, maxHoldMs: 60_000 } };
  for (const field of ['pauseMs', 'holdMs'] as const) if (step[field] > 0) yield { ...step, [field]: Math.floor(step[field] / 2) };
}

function* without<T>(list: readonly T[]): Generator<readonly T[]> {
  for (const [index] of list.entries()) yield list.filter((_, at) => at !== index);
}

function* inEach<T, R>(list: readonly T[], smallerOne: (one: T) => Generator<T>, whole: (list: readonly T[]) => R): Generator<R> {
  for (const [index, one] of list.entries())
    yield* map(smallerOne(one), (changed) => whole(list.map((each, at) => (at === index ? changed : each))));
}

function* map<T, R>(from: Generator<T>, change: (one: T) => R): Generator<R> {
  for (const one of from) yield change(one);
}
