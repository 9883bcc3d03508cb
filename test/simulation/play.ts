/** Plays a world from its beginning to its end: trouble, a long rest, and what is left. */
import type { Breach } from './breaches.ts';
import { createChance } from './chance.ts';
import { leftByIdle } from './checks/leftovers.ts';
import { closeMember } from './closing.ts';
import { gatherContexts } from './contexts.ts';
import { longestTtlMs, troubledMs } from './draw.ts';
import { bringTrouble, strike } from './mishaps.ts';
import type { Plan } from './plan.ts';
import { runTask } from './tasks.ts';
import { createWorld, type World } from './world.ts';

export interface Played {
  readonly breaches: readonly Breach[];
  readonly events: number;
  readonly endMs: number;
  history(): readonly string[];
}

/** No world takes as long, nor as many events, by far. */
const limits = { limitMs: 120_000, limitEvents: 60_000 };
/** After the last trouble: what was late has come, the longest TTL and what Memcached adds to it are over. */
const restMs = longestTtlMs + 3_000 + 3_000;
/** So long after its TTL a dead one may still be in the way. */
const graceMs = 3_000;

export function play(plan: Plan): Promise<Played> {
  return inWorld(plan, async (world) => {
    try {
      await live(world);
    } catch (error) {
      world.report('unhandled', 'world', `thrown out of a timer or an answer: ${String((error as Error).stack ?? error)}`);
    }
    const { breaches, timeline, history } = world;
    return { breaches, events: timeline.events, endMs: timeline.nowMs, history: history.lines };
  });
}

async function live(world: World): Promise<void> {
  const { plan, timeline, members } = world;
  bringTrouble(world);
  for (const mishap of plan.mishaps) timeline.after(mishap.atMs, () => strike(world, mishap));
  for (const member of members.values())
    for (const [index, task] of member.plan.tasks.entries()) member.started(runTask(world, member, task, index));
  await rest(world);
  await end(world);
}

/** Makes the world of a plan, lets `script` play in it, and puts back what was borrowed from the real one. */
export async function inWorld<T>(plan: Plan, script: (world: World) => Promise<T>): Promise<T> {
  const random = Math.random;
  Math.random = createChance(~plan.seed).next;
  const dropContexts = gatherContexts();
  const world = createWorld(plan);
  const unhandled = (error: unknown): void => world.report('unhandled', 'world', String((error as Error)?.stack ?? error));
  process.on('unhandledRejection', unhandled);
  try {
    return await script(world);
  } finally {
    process.off('unhandledRejection', unhandled);
    dropContexts();
    Math.random = random;
  }
}

/** Runs until all tasks are over, and then long enough for everything that nobody keeps alive to be gone. */
async function rest(world: World): Promise<void> {
  const { timeline, members } = world;
  const isOver = (): boolean => [...members.values()].every(({ process, tasksLeft }) => process.crashed || tasksLeft === 0);
  const outcome = await timeline.run({ ...limits, done: isOver });
  world.calls.mustEnd();
  if (!isOver()) world.report('P7', 'world', `tasks do not end: ${outcome} is up`);
  await until(
    world,
    new Promise<void>((resolve) => timeline.after(Math.max(timeline.nowMs, troubledMs) + restMs - timeline.nowMs, resolve)),
  );
  leftByIdle(world);
}

/** Closes whoever lives; then a process that comes anew must find everything free. */
async function end(world: World): Promise<void> {
  const { members, plan } = world;
  const closing = [...members.values()].filter(({ process }) => !process.crashed).map((member) => closeMember(world, member));
  await until(world, Promise.all(closing));
  world.calls.mustEnd();
  // Whoever crashed while it waited may be given its turn now, and is given up on after that.
  // Where clocks are apart, what others kept lives for its whole TTL after them.
  await pass(world, world.areNear ? graceMs : restMs);
  const last = world.join({ name: 'p0', host: 'h0', wallAheadMs: 0, tasks: [] });
  for (const resource of plan.resources) {
    const lock = await until(world, last.locker.tryLock(resource, { job: 'p0#1' }));
    if (lock === undefined) world.report('P3', 'p0', `finds "${resource}" taken, long after everybody was gone`);
    else await until(world, lock.unlock());
  }
  await until(world, closeMember(world, last));
}

function pass(world: World, ms: number): Promise<void> {
  return until(world, new Promise<void>((resolve) => world.timeline.after(ms, resolve)));
}

/** Lets the world go on until `promise` has settled. `undefined`: it did not in time. */
async function until<T>(world: World, promise: Promise<T>): Promise<T | undefined> {
  const { timeline } = world;
  let settled = false;
  let value: T | undefined;
  const watched = promise.then(
    (result) => {
      value = result;
      settled = true;
    },
    (error: unknown) => {
      settled = true;
      world.report('P7', 'world', `the end fails: ${String(error)}`);
    },
  );
  await timeline.run({ limitMs: timeline.nowMs + limits.limitMs, limitEvents: limits.limitEvents, done: () => settled });
  if (!settled) world.report('P7', 'world', 'the end of the world does not come');
  else await watched;
  return value;
}
