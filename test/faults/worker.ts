/**
 * One process of the fleet: takes locks, works under them, and writes its history to stdout, a line of JSON for each step.
 * Nothing but its own work keeps it alive, so that a call that lets the process end unfinished is seen. Its stdin takes
 * `stop`, `jump <ms>` (set the wall clock), and, for the next critical section: `stall <ms>` (block the event loop), `rewind <ms>`
 * (the same, and the wall clock is set back by as much), `sleep <ms>` (the same, and the monotonic clock stands still).
 */

import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockLostError, StoreUnavailableError } from '../../src/index.ts';
import { type Clock, systemClock } from '../../src/lock/clock.ts';
import type { WorkerSettings } from './fleet.ts';
import { sharedClockMs } from './history.ts';
import { load } from './product.ts';
import { seededRandom } from './random.ts';
import { recorded } from './recorded.ts';
import { openStore } from './stores.ts';
import { callLimitMs, maxWaitMs, terms } from './terms.ts';
import { variants } from './unsafe.ts';
import { nextTask, type Task } from './workload.ts';

const settings = JSON.parse(process.argv[2] ?? '') as WorkerSettings;
const { name: worker, store: storeName, url, namespace, seed, variant, modes, packed } = settings;
const lookEveryMs = 8;

let turns = 0;
let stopping = false;
let jumpedMs = 0;
let sleptMs = 0;
let stall: { readonly ms: number; readonly clock: 'goes on' | 'rewind' | 'sleep' } | undefined;

function tell(what: string, more: object = {}, at: number = sharedClockMs()): void {
  process.stdout.write(`${JSON.stringify({ what, at, worker, ...more })}\n`);
}

const unhandled = (error: unknown): void => tell('unhandled', { error: error instanceof Error ? error.stack : String(error) });
process.on('unhandledRejection', unhandled);
process.on('uncaughtException', unhandled);

const commands: Readonly<Record<string, (ms: number) => void>> = {
  stop: () => {
    stopping = true;
  },
  stall: (ms) => {
    stall = { ms, clock: 'goes on' };
  },
  rewind: (ms) => {
    stall = { ms, clock: 'rewind' };
  },
  sleep: (ms) => {
    stall = { ms, clock: 'sleep' };
  },
  jump: (ms) => {
    jumpedMs = ms;
  },
};
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [command = '', ms] = line.split(' ');
    commands[command]?.(Number(ms));
  })
  .on('close', () => process.exit(1)); // whoever started it is gone
(process.stdin as unknown as Socket).unref();

const clock: Clock = {
  ...systemClock,
  wallMs: () => systemClock.wallMs() + jumpedMs,
  monotonicMs: () => systemClock.monotonicMs() - sleptMs,
};
const product = await load('index', packed);
const opened = await openStore(storeName, url, packed);
const { lanes, change } = variants[variant];
const parts = change({ store: opened.store, clock });
const store = recorded(parts.store, namespace, (what, resource, at, until) => tell(what, { resource, until }, at));
const locker = product.createLocker({ store, clock: parts.clock, namespace, ttlMs: terms.ttlMs, retry: { maxWaitMs } });

async function takeTurns(lane: number): Promise<void> {
  const random = seededRandom(`${seed} ${lane}`);
  while (!stopping) {
    await takeTurn(nextTask(random, modes));
    await sleep(random.between(0, 10));
  }
}

async function takeTurn(task: Task): Promise<void> {
  const turn = ++turns;
  tell('ask', { turn, needs: task.needs, limitMs: callLimitMs + (task.waits ? maxWaitMs : 0) });
  const lock = await ask(turn, task);
  if (lock === undefined) return;
  tell('acquired', { turn, isProtected: lock.isProtected, holdMs: task.holdMs });
  await work(turn, lock, task.holdMs);
  tell('done', { turn, limitMs: callLimitMs });
  const outcome = await lock.unlock().then((ours) => (ours ? 'ours' : 'not-ours'), failed);
  tell('released', { turn, outcome });
}

async function ask(turn: number, { scope, waits, runsUnprotected, needs }: Task): Promise<Lock | undefined> {
  const options = { onStoreDown: runsUnprotected ? 'run' : 'throw' } as const;
  try {
    const lock = await (waits ? locker.lock(scope, options) : locker.tryLock(scope, options));
    if (lock === undefined) tell('busy', { turn, resource: needs.length === 1 ? needs[0]?.resource : undefined });
    return lock;
  } catch (error) {
    if (error instanceof product.ResourceBusyError) tell('busy', { turn, resource: error.resource });
    else tell('broken', { turn, code: failed(error) && (error as StoreUnavailableError).code });
    return undefined;
  }
}

/** A store that did not answer is an answer; anything else is a defect. */
function failed(error: unknown): 'failed' {
  if (!(error instanceof product.StoreUnavailableError)) unhandled(error);
  return 'failed';
}

/** Looks at the lock before each of its writes, as careful work does. */
async function work(turn: number, { signal }: Lock, holdMs: number): Promise<void> {
  const tellLost = (): void => tell('lost', { turn, reason: (signal.reason as LockLostError).reason });
  if (signal.aborted) return tellLost();
  signal.addEventListener('abort', tellLost, { once: true });
  const endsAt = sharedClockMs() + holdMs;
  for (;;) {
    const at = sharedClockMs();
    if (signal.aborted) return;
    tell('look', { turn }, at);
    if (at >= endsAt) return;
    if (stall !== undefined && holdMs > terms.ttlMs / 3) block(stall);
    else await sleep(lookEveryMs);
  }
}

function block({ ms, clock }: NonNullable<typeof stall>): void {
  stall = undefined;
  const at = sharedClockMs();
  while (sharedClockMs() < at + ms);
  if (clock === 'rewind') jumpedMs -= ms;
  if (clock === 'sleep') sleptMs += ms;
  tell('paused', { until: sharedClockMs() }, at);
}

const turnsTaken = Array.from({ length: lanes }, (_, index) => takeTurns(index + 1));
tell('ready');
await Promise.all(turnsTaken);
await locker.close();
await opened.close();
tell('bye');
