/** What tasks do: all that the API offers, one step after the other. */
import { getEventListeners } from 'node:events';
import type { Lock, RunOutcome } from '../../src/index.ts';
import { type Asker, boundsOf, call, codeOf, hold, needsOf, optionsOf } from './asking.ts';
import { closeMember } from './closing.ts';
import { inherit } from './inheriting.ts';
import type { Member } from './member.ts';
import type { Held, Need } from './observed.ts';
import type { Step, TaskPlan } from './plan.ts';
import type { World } from './world.ts';

export async function runTask(world: World, member: Member, task: TaskPlan, index: number): Promise<void> {
  const who = `${member.name}.${index + 1}`;
  for (const [number, step] of task.steps.entries()) {
    await member.process.sleep(step.pauseMs);
    await runStep({ world, member, who, job: `${who}#${number + 1}`, family: undefined }, step);
  }
}

async function runStep(asker: Asker, step: Step): Promise<void> {
  const { world, member } = asker;
  if (step.ask === 'close') return closeMember(world, member);
  if (step.ask === 'look') return lookAround(asker);
  const needs = needsOf(step.scope, world.plan.resources);
  const giveUp = step.abortAfterMs === undefined ? undefined : new AbortController();
  if (step.abortAfterMs === 0) giveUp?.abort();
  else if (step.abortAfterMs !== undefined) void member.process.sleep(step.abortAfterMs).then(() => giveUp?.abort());
  if (step.ask === 'lock' || step.ask === 'tryLock') await lockStep(asker, step, needs, giveUp?.signal);
  else await runStepWithin(asker, step, needs, giveUp?.signal);
  if (giveUp !== undefined && getEventListeners(giveUp.signal, 'abort').length > 0 && step.end !== 'leave')
    world.report('leftover', asker.who, `${step.ask} leaves a listener on the signal that it was given`);
}

/** Asks who holds and who waits, and how the store is. */
async function lookAround(asker: Asker): Promise<void> {
  const { world, member } = asker;
  const bounds = boundsOf(world.plan.wire);
  member.looking++;
  await call(asker, 'health', bounds.other([]), () => member.locker.health());
  for (const resource of world.plan.resources) {
    const answer = await call(asker, `inspect ${resource}`, bounds.other([]), () => member.locker.inspect(resource));
    if ('value' in answer) world.sights.shown(asker.who, answer.value);
  }
  member.looking--;
}

async function lockStep(asker: Asker, step: Step, needs: readonly Need[], signal: AbortSignal | undefined): Promise<void> {
  const { world, member, who, job } = asker;
  const { locker, endings } = member;
  const askedMs = world.timeline.nowMs;
  const options = optionsOf(step, job, signal);
  const name = `${step.ask} ${JSON.stringify(step.scope)}`;
  const served = waits(step) && asker.family === undefined ? world.turns.asked(member.process, who, needs) : undefined;
  const answer = await call<Lock | undefined>(asker, name, boundsOf(world.plan.wire).ask(step, needs), () =>
    step.ask === 'lock' ? locker.lock(step.scope, options) : locker.tryLock(step.scope, options),
  );
  served?.('value' in answer && answer.value?.isProtected === true);
  if (step.ask === 'lock') endings.settled(job, 'error' in answer && codeOf(answer.error) !== 'ERR_GIVEWAY_BUSY');
  if ('error' in answer) return mustFailRightly(asker, step, answer.error);
  if (answer.value === undefined) {
    const refusal = member.refusals.get(job);
    if (refusal === undefined) world.report('P10', who, 'is told busy, and no event tells of whom');
    else world.sights.refused(member.process, who, needs, refusal.resource, refusal.holders);
    return;
  }
  const held = hold(asker, answer.value, step, needs, askedMs);
  await work(asker, step, held).catch(() => {});
  await endLock(asker, step, held);
}

/** Inside a run a call may join, and whoever gives up leaves the queue before its call settles. A wait of no time is one attempt. */
function waits({ ask, options, abortAfterMs }: Step): boolean {
  return (ask === 'lock' || ask === 'retry') && options.maxWaitMs > 0 && abortAfterMs === undefined;
}

/** P8: a store that is down is met as the policy says. */
function mustFailRightly({ world, who }: Asker, { options }: Step, error: unknown): void {
  if (codeOf(error) === 'ERR_GIVEWAY_STORE_UNAVAILABLE' && options.onStoreDown === 'run')
    world.report('P8', who, "fails since the store is down, although onStoreDown is 'run'");
}

async function endLock(asker: Asker, step: Step, held: Held): Promise<void> {
  const { world, member } = asker;
  if (step.end === 'leave') return;
  if (step.end === 'hand over') return inherit(asker, step, held);
  if (step.end === 'dispose') {
    world.beliefs.end(held);
    await held.lock[Symbol.asyncDispose]();
    return;
  }
  if (step.end === 'late') {
    await member.process.sleep(step.options.ttlMs + 500);
    world.beliefs.look(held);
  }
  await unlock(asker, held);
  if (step.end !== 'twice') return;
  const again = await call(asker, 'unlock again', boundsOf(world.plan.wire).other([]), () => held.lock.unlock());
  if ('value' in again && again.value) world.report('P4', asker.who, 'is told at a second unlock that the lock was still its own');
}

export async function unlock(asker: Asker, held: Held): Promise<void> {
  const { world } = asker;
  world.beliefs.end(held);
  const answer = await call(asker, 'unlock', boundsOf(world.plan.wire).other(held.needs), () => held.lock.unlock());
  if ('value' in answer && answer.value) world.beliefs.released(held);
}

const failure = (job: string): Error => Object.assign(new Error(`${job} throws`), { code: `threw ${job}` });

/** Holds the lock for a while, as good work does: it looks before each piece. */
async function work(asker: Asker, step: Step, held: Held): Promise<string> {
  const { world, member, who, job } = asker;
  const { process } = member;
  const { midway } = step;
  await process.sleep(step.holdMs / 2);
  if (!world.beliefs.look(held)) return job;
  if (midway?.what === 'extend') {
    held.isExtended = true;
    const answer = await call(asker, `extend ${midway.ttlMs}`, boundsOf(world.plan.wire).other(held.needs), () =>
      held.lock.extend(midway.ttlMs),
    );
    if ('value' in answer) world.history.note(who, `extended: ${answer.value}`);
  } else if (midway?.what === 'nested') {
    await runStep(
      { ...asker, job: `${job}n`, family: step.ask === 'lock' || step.ask === 'tryLock' ? undefined : held.family },
      midway.step,
    );
  } else if (midway?.what === 'close') void closeMember(world, member);
  world.beliefs.look(held);
  // Once more right before it may be over, which is when a holder that believes too long is wrong.
  const leftMs = held.lock.remainingMs();
  const restMs = step.holdMs / 2;
  if (leftMs < restMs) {
    await process.sleep(Math.max(0, leftMs - 0.5));
    world.beliefs.look(held);
  }
  await process.sleep(leftMs < restMs ? restMs - leftMs : restMs);
  world.beliefs.look(held);
  if (midway?.what === 'throw') throw failure(job);
  return job;
}

async function runStepWithin(asker: Asker, step: Step, needs: readonly Need[], signal: AbortSignal | undefined): Promise<void> {
  const { world, member, who, job } = asker;
  const { locker, process, endings } = member;
  const bounds = boundsOf(world.plan.wire);
  const askedMs = world.timeline.nowMs;
  const options = optionsOf(step, job, signal);
  const name = `${step.ask} ${JSON.stringify(step.scope)}`;
  const open = world.calls.begin(process, who, name, bounds.ask(step, needs));
  world.history.note(who, name);
  let held: Held | undefined;
  const served = waits(step) && asker.family === undefined ? world.turns.asked(process, who, needs) : undefined;
  const within = async (lock: Lock): Promise<string> => {
    open.pause();
    served?.(lock.isProtected);
    held = hold(asker, lock, step, needs, askedMs);
    if (lock.signal.aborted) world.report('P6', who, 'begins work on a lock that is over');
    else if (locker.current() !== lock) world.report('nesting', who, 'current() is not the lock of the run it is in');
    try {
      return await work(asker, step, held);
    } finally {
      world.beliefs.end(held);
      open.resume(bounds.other(needs));
    }
  };
  let outcome: RunOutcome<string> | undefined;
  try {
    outcome = await (step.ask === 'wrap' ? locker.wrap(step.scope, within, options)() : locker.run(step.scope, within, options));
  } catch (error) {
    judgeRejection(asker, step, held, error);
  }
  open.settle();
  served?.(false);
  endings.settled(job, outcome === undefined);
  if (outcome === undefined) return;
  world.history.note(who, outcome.status === 'ran' ? `ran, ${outcome.release}` : `skipped, ${outcome.reason}`);
  if (outcome.status === 'ran' && outcome.value !== job) world.report('P9', who, `gets ${outcome.value} for the result of ${job}`);
  if (outcome.status === 'ran' && outcome.release === 'released' && held !== undefined) world.beliefs.released(held);
  if (outcome.status === 'skipped' && held !== undefined) world.report('P9', who, 'is told that it was skipped, and has run');
  if (outcome.status === 'skipped' && outcome.reason === 'busy')
    world.sights.refused(member.process, who, needs, outcome.resource, outcome.holders);
}

/** P9: work that throws is heard; work that does not run fails with what the contract names. */
function judgeRejection({ world, who, job }: Asker, step: Step, held: Held | undefined, error: unknown): void {
  const code = codeOf(error);
  world.history.note(who, `failed: ${code ?? String(error)}`);
  if (held !== undefined) {
    if (code !== `threw ${job}`) world.report('P9', who, `its work has run, and the caller gets ${String(error)}`);
  } else if (code === 'ERR_GIVEWAY_STORE_UNAVAILABLE' || code === 'ERR_GIVEWAY_RACES') {
    if (step.options.onStoreDown !== 'throw')
      world.report('P8', who, `rejects with ${code}, although onStoreDown is '${step.options.onStoreDown}'`);
  } else if (code !== 'ERR_GIVEWAY_UPGRADE') world.report('P9', who, `run rejects with ${String(error)}`);
}
