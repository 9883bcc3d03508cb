import type { Job } from 'bullmq';
import { clockSkewMs } from '../lock/record/decide.ts';
import { jobBeside, workerOf } from './bullmq-inside.ts';
import type { PutAside } from './turns.ts';

const numbers = new WeakMap<object, number>();
let workers = 0;

/** What tells a job from all others of the process. By its worker, since two databases may have queues of one name. */
export function keyOf(job: Job): string {
  const worker = workerOf(job);
  if (worker === undefined) return `:${job.id}`;
  const number = numbers.get(worker) ?? ++workers;
  numbers.set(worker, number);
  return `${number}:${job.id}`;
}

/**
 * BullMQ's `promote` on PostgreSQL (6.7) looks at the state and then writes it, whatever it is by then: a job that a worker begins in between
 * begins twice. A time that has passed, on every worker's clock, does it there too, and changes nothing of a job that has begun.
 */
function isOnPostgres(job: Job): boolean {
  return typeof workerOf(job)?.backend?.schema === 'string';
}

/** Makes a job that was put off wait for a slot at once. `false`: there is nothing to wake. It comes by itself then, at its own time. */
export async function recall({ job, moving }: PutAside): Promise<boolean> {
  return isDone(async () => {
    await moving;
    const now = await lookUp(job);
    // Somebody gave it another delay: that is to be kept.
    if (now === undefined || now.delay !== job.delay) return false;
    await (isOnPostgres(job) ? now.changeDelay(-clockSkewMs) : now.promote());
    return true;
  });
}

/** The same for one that its queue has just found to be put off. */
export async function promote({ job }: PutAside): Promise<boolean> {
  return isDone(() => job.promote().then(() => true));
}

async function isDone(action: () => Promise<boolean>): Promise<boolean> {
  return (await answerOf(action).catch(() => false)) ?? false;
}

/** Has nobody started it since, here or elsewhere? */
export async function isWaiting({ job }: PutAside): Promise<boolean> {
  return (await lookUp(job).catch(() => undefined)) !== undefined;
}

/** Is its turn still to come? It waits for a slot, or has begun, be it elsewhere, and has neither ended nor been put off again. */
export async function isOnItsWay({ job }: PutAside): Promise<boolean> {
  const now = await find(job).catch(() => undefined);
  if (now === undefined || now.finishedOn !== undefined) return false;
  return now.attemptsStarted === job.attemptsStarted || now.delay <= 0;
}

/** The job as it is now, unless it was started since, or removed. */
async function lookUp(job: Job): Promise<Job | undefined> {
  const now = await find(job);
  return now?.attemptsStarted === job.attemptsStarted ? now : undefined;
}

/** Another job of the queue of `job`. */
export async function siblingOf(job: Job, id: string): Promise<Job | undefined> {
  return isReachable(job) ? answerOf(() => jobBeside(job, id)) : undefined;
}

async function find(job: Job): Promise<Job | undefined> {
  return siblingOf(job, String(job.id));
}

/** Its worker takes no more jobs: others will have them. */
export function isLeft(job: Job): boolean {
  return workerOf(job)?.closing !== undefined;
}

/** Its worker answers: one that is closing does until its last job has ended. */
export function isReachable(job: Job): boolean {
  return workerOf(job)?.closed !== true;
}

/** Some hundred times as long as a server takes that is well, and as long as a job that was put off waits for its own time at least. */
const answersWithinMs = 1_000;

/**
 * What a queue says to `question`; `undefined` where it says nothing. What is asked of a connection that closes meanwhile BullMQ never settles,
 * and the jobs of other workers are not to wait for that.
 */
export async function answerOf<T>(question: () => Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, answersWithinMs, undefined).unref();
  });
  return Promise.race([question(), silence]).finally(() => clearTimeout(timer));
}
