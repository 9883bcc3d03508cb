/**
 * Jobs that found their table busy stand in their queues as delayed, each with a time of its own at which it looks again. So that the table
 * is not idle until then, this process knows those it has put off, by table, and wakes whose turn it is as soon as the table is let go:
 * at once where a lock of this process ends, else with the next look at the record, one look for all of a table's jobs. Where the queue lives
 * in Redis, it is the turn of the first in the whole fleet.
 */

import type { Job } from 'bullmq';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { Skipped } from '../lock/api/refusal.ts';
import { type Holder, type Mode, placesTaken } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { modeIn, needsOf } from '../lock/plan/scope.ts';
import { workerOf } from './bullmq-inside.ts';
import { type FleetLine, fleetLineOf, takeFrom } from './fleet-line.ts';
import { nextLookMs } from './looks.ts';
import { processWide } from './process-wide.ts';
import { type Line, newLine } from './put-off-line.ts';
import { isLeft, isOnItsWay, isReachable, isWaiting, keyOf, promote, recall } from './recall.ts';
import { goTogether, type PutAside, placeOf, whoGoes, wouldOvertake } from './turns.ts';

/** Of a table. Whoever stands further back comes at its own time. */
const jobsKept = 4_096;

/** A job that was woken starts within some milliseconds where a slot is free. Where none is for so long, others go first. */
const onItsWayMs = 500;

export interface WakeList {
  /** `job` was refused, and is being put off: `moving` settles when its queue has it. */
  add(job: Job, scope: ResolvedScope, refused: Skipped, moving: Promise<unknown>): void;
  /** It runs under a lock of this scope. */
  begin(job: Job, scope: ResolvedScope): void;
  /** It has ended otherwise. */
  remove(job: Job): void;
  /** What kept one that comes before `job`, was woken, and is on its way to a table of this scope. */
  before(job: Job, scope: ResolvedScope): Promise<Skipped | undefined>;
}

const lists = processWide('wake-lists.v1', () => new WeakMap<ResourceLocker, WakeList>());

/** One for all queues whose locks this locker takes. */
export function wakeListOf(locker: ResourceLocker): WakeList {
  const list = lists.get(locker) ?? createWakeList(locker);
  lists.set(locker, list);
  return list;
}

function createWakeList(locker: ResourceLocker): WakeList {
  const lines = new Map<string, Line>();
  const lineOf = new Map<string, Line>();

  /** From when it is ours until the store has let go: `locker.held()` forgets a lock at once. */
  const holding = new Map<number, ResolvedScope>();
  const heldHere = (resource: string): readonly Mode[] =>
    [...holding.values()].flatMap((scope) => modeIn(scope, resource, locker.defaultSchema) ?? []);

  const drop = (line: Line, gone: (each: PutAside) => boolean): void => {
    for (const each of [...line.jobs, ...line.woken]) if (gone(each)) lineOf.delete(keyOf(each.job));
    line.jobs = line.jobs.filter((each) => !gone(each));
    line.woken = line.woken.filter((each) => !gone(each));
  };

  /** It was held since they were woken: they have it or found it busy, be it elsewhere. */
  const arrived = (line: Line): void => drop(line, (each) => line.woken.includes(each));

  const isOneOnItsWay = async (line: Line): Promise<boolean> => {
    const { woken } = line;
    for (const each of woken) if (await isOnItsWay(each)) return true;
    // Another end may have woken others meanwhile.
    if (line.woken === woken) arrived(line);
    return line.woken.length > 0;
  };

  const leaveClosed = (line: Line): void => {
    drop(line, ({ job }) => !isReachable(job));
    if (line.last !== undefined && !isReachable(line.last)) line.last = undefined;
  };

  const wake = async (line: Line, held: readonly Mode[], isEnd = false): Promise<void> => {
    leaveClosed(line);
    if (line.woken.length > 0 && performance.now() - line.wokenMonoMs < onItsWayMs && (await isOneOnItsWay(line))) return;
    for (const { job } of line.woken) line.slow.add(workerOf(job));
    arrived(line);
    const quick = line.jobs.filter(({ job }) => !line.slow.has(workerOf(job)));
    const here = whoGoes(quick.length > 0 ? quick : line.jobs, held);
    const last = here[0]?.job ?? (line.jobs.length === 0 ? line.last : undefined);
    if (last === undefined) return;
    const fleet = await fleetLineOf(last, line.resource);
    const going = fleet === undefined ? here : await firstIn(fleet, line, last, held, isEnd);
    if (going.length === 0) return;
    line.jobs = line.jobs.filter((each) => !going.includes(each));
    line.woken = going;
    line.wokenMonoMs = performance.now();
    for (const { job } of going) lineOf.set(keyOf(job), line);
    const found = await Promise.all(going.map(fleet === undefined ? recall : promote));
    drop(line, (each) => found[going.indexOf(each)] === false);
    if (!found.includes(true)) await wake(line, held, true);
  };

  /** Of those here who stand in the fleet's line no more, others have woken some, and somebody else some. */
  const firstIn = async (fleet: FleetLine, line: Line, last: Job, held: readonly Mode[], isEnd: boolean): Promise<readonly PutAside[]> => {
    const known = line.jobs.filter(({ job }) => workerOf(job) === workerOf(last));
    const going = await takeFrom(fleet, known, last, held, isEnd);
    if (going?.length !== 0) return going ?? [];
    drop(line, (each) => known.includes(each));
    if (line.jobs.length > 0) await wake(line, held, isEnd);
    return [];
  };

  /** Who is free, or has changed hands, is looked at soon again. */
  const see = (line: Line, tokens: string): void => {
    if (tokens !== '' && tokens === line.seen) return;
    line.seen = tokens;
    line.seenMonoMs = performance.now();
  };

  const look = async (line: Line): Promise<void> => {
    const holders = await locker.inspect(line.resource);
    see(line, holders.map(({ token }) => token).join());
    if (holders.length > 0) arrived(line);
    if (!isFull(holders)) await wake(line, modesOf(holders));
  };

  /** Until nobody is left. */
  const keepLooking = (line: Line): void => {
    clearTimeout(line.timer);
    line.timer = setTimeout(
      async () => {
        line.timer = undefined;
        // A store that is down is told of by others, a queue by its worker, and each job has its own time besides.
        await lookForJobs(line).catch(() => {});
        if (line.jobs.length > 0 || heldHere(line.resource).length > 0) keepLooking(line);
        else lines.delete(line.resource);
      },
      nextLookMs(performance.now() - line.seenMonoMs, Math.random()),
    ).unref();
  };
  const lookForJobs = async (line: Line): Promise<void> => {
    drop(line, ({ job }) => isLeft(job));
    if (line.jobs.length > 0 && heldHere(line.resource).length === 0) await look(line);
  };

  const lineAt = (resource: string): Line => {
    const known = lines.get(resource);
    if (known !== undefined) return known;
    const line = newLine(resource);
    lines.set(resource, line);
    keepLooking(line);
    return line;
  };

  /** Nobody is left to hear of what a queue throws: its worker tells of it, and each job has its own time besides. */
  const wakeNext = (line: Line): void => void wake(line, heldHere(line.resource), true).catch(() => {});

  const letGo = ({ id, scope }: { readonly id: number; readonly scope: ResolvedScope }): void => {
    holding.delete(id);
    for (const line of lines.values()) {
      // A schema is held by whoever holds a table in it, which its scope does not say.
      const concerned = line.resource.endsWith('.*') || modeIn(scope, line.resource, locker.defaultSchema) !== undefined;
      if (!concerned) continue;
      arrived(line);
      see(line, '');
      if (line.timer !== undefined) keepLooking(line);
      wakeNext(line);
    }
  };
  locker.on('acquired', ({ id, scope }) => void holding.set(id, scope));
  for (const event of ['released', 'release-failed', 'lost'] as const) locker.on(event, letGo);

  /** Its turn comes before, and is sure to come: it is on its way, or will be woken by an end in this process. */
  const firstBefore = async (line: Line, job: Job, mode: Mode): Promise<PutAside | undefined> => {
    const woken = line.woken.find((each) => wouldOvertake(job, mode, each));
    if (woken !== undefined && performance.now() - line.wokenMonoMs < onItsWayMs) {
      if (await isWaiting(woken)) return woken;
      arrived(line);
    }
    const [first] = line.jobs;
    const isHeldHere = heldHere(line.resource).some((held) => !goTogether(held, mode));
    return isHeldHere && first !== undefined && wouldOvertake(job, mode, first) ? first : undefined;
  };

  const remove = (job: Job): Line | undefined => {
    const line = lineOf.get(keyOf(job));
    const key = keyOf(job);
    if (line !== undefined) drop(line, (each) => keyOf(each.job) === key);
    line?.slow.delete(workerOf(job));
    return line;
  };

  return {
    remove,
    begin(job, scope) {
      remove(job);
      // One that was never put off knows of no others.
      if (job.attemptsStarted - job.attemptsMade > 1) for (const { resource } of needsOf(scope)) lineAt(resource).last = job;
    },
    add(job, scope, refused, moving) {
      const before = remove(job);
      const line = lineAt(refused.resource);
      const mode = modeIn(scope, refused.resource, locker.defaultSchema) ?? 'append';
      const { jobs } = line;
      const place = placeOf(job, jobs);
      const standing = moving.then(async () => (await fleetLineOf(job, line.resource))?.add(job, mode));
      standing.catch(() => {});
      line.jobs = [...jobs.slice(0, place), { job, mode, refused, moving: standing }, ...jobs.slice(place)];
      line.last = job;
      lineOf.set(keyOf(job), line);
      const tooMany = line.jobs.slice(jobsKept);
      if (tooMany.length > 0) drop(line, (each) => tooMany.includes(each));
      // It was woken for one table and waits for another one now: the first is the next one's.
      if (before !== undefined && before.resource !== line.resource) wakeNext(before);
    },
    async before(job, scope) {
      for (const { resource, mode } of needsOf(scope)) {
        const line = lines.get(resource);
        const first = line && (await firstBefore(line, job, mode));
        if (first === undefined) continue;
        const holders = await locker.inspect(resource).catch(() => []);
        return holders.length > 0 ? { ...first.refused, holders } : first.refused;
      }
      return undefined;
    },
  };
}

/** Who waits in line for the table goes before whoever is not in it. */
function modesOf(holders: readonly Holder[]): readonly Mode[] {
  return holders.map(({ mode, state }) => (state === 'waiting' ? 'write' : mode));
}

function isFull(holders: readonly Holder[]): boolean {
  const places = placesTaken(holders);
  return places !== undefined && places.taken >= places.limit;
}
