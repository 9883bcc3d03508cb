/**
 * The jobs that were put off from one table. Whose turn it is is woken as soon as the table is let go: at once where a lock of this process
 * ends, else with the next look at the record, one look for all of them.
 */

import type { Job } from 'bullmq';
import { type Holder, type Mode, placesTaken } from '../lock/holder.ts';
import { workerOf } from './bullmq-inside.ts';
import { type FleetLine, fleetLineOf, takeFrom } from './fleet-line.ts';
import { nextLookMs } from './looks.ts';
import { isLeft, isOnItsWay, isReachable, isWaiting, promote, recall } from './recall.ts';
import { goTogether, type PutAside, placeOf, whoGoes, wouldOvertake } from './turns.ts';

/** Whoever stands further back comes at its own time. */
const jobsKept = 4_096;

/** A job that was woken starts within some milliseconds where a slot is free. Where none is for so long, others go first. */
const onItsWayMs = 500;

/** The table, as this process knows it. */
export interface WatchedTable {
  readonly resource: string;
  /** In which modes locks of this process hold it. */
  heldHere(): readonly Mode[];
  inspect(): Promise<readonly Holder[]>;
}

export class PutOffLine {
  readonly #table: WatchedTable;
  readonly #emptied: () => void;
  #jobs: readonly PutAside[] = [];
  /** On their way: they wait for a slot, here or elsewhere. */
  #woken: readonly PutAside[] = [];
  #wokenMonoMs = 0;
  /** Workers without a free slot when one of their jobs was woken last: paused, or at work on something else. */
  readonly #slow = new Set<unknown>();
  /** The tokens in the record at the last look, and since when they are known. */
  #seen = '';
  #seenMonoMs = performance.now();
  /** Until the next look; `undefined` while there is one. */
  #timer: NodeJS.Timeout | undefined;
  /** The last of its jobs that was put off or, after that, ran: by it the queue is reached. */
  #last: Job | undefined;

  /** `emptied` is called when there is nobody left, and no look follows. */
  constructor(table: WatchedTable, emptied: () => void) {
    this.#table = table;
    this.#emptied = emptied;
    this.#keepLooking();
  }

  /** It was refused, and is on its way to its queue. */
  add(put: PutAside): void {
    const { resource } = this.#table;
    const { job, mode } = put;
    const moving = put.moving.then(async () => (await fleetLineOf(job, resource))?.add(job, mode));
    moving.catch(() => {});
    this.#jobs = this.#jobs.toSpliced(placeOf(job, this.#jobs), 0, { ...put, moving }).slice(0, jobsKept);
    this.#last = job;
  }

  /** Was it in the line? */
  remove(job: Job): boolean {
    const isIt = (each: PutAside): boolean => each.job.id === job.id && workerOf(each.job) === workerOf(job);
    if (!this.#jobs.some(isIt) && !this.#woken.some(isIt)) return false;
    this.#drop(isIt);
    this.#slow.delete(workerOf(job));
    return true;
  }

  /** It runs, having been put off before, here or elsewhere. */
  ran(job: Job): void {
    this.#last = job;
  }

  /** A lock of this process that held the table has ended. */
  letGo(): void {
    this.#arrived();
    this.#see('');
    if (this.#timer !== undefined) this.#keepLooking();
    this.wakeNext();
  }

  /** Nobody is left to hear of what a queue throws: its worker tells of it, and each job has its own time besides. */
  wakeNext(): void {
    this.#wake(this.#table.heldHere(), true).catch(() => {});
  }

  /** Whose turn comes before that of `job`, and is sure to come: it is on its way, or will be woken by an end in this process. */
  async firstBefore(job: Job, mode: Mode): Promise<PutAside | undefined> {
    const woken = this.#woken.find((each) => wouldOvertake(job, mode, each));
    if (woken !== undefined && this.#isWokenLately()) {
      if (await isWaiting(woken)) return woken;
      this.#arrived();
    }
    const [first] = this.#jobs;
    const isHeldHere = this.#table.heldHere().some((held) => !goTogether(held, mode));
    return isHeldHere && first !== undefined && wouldOvertake(job, mode, first) ? first : undefined;
  }

  async #wake(held: readonly Mode[], isEnd: boolean): Promise<void> {
    this.#leaveClosed();
    if (this.#woken.length > 0 && this.#isWokenLately() && (await this.#isOneOnItsWay())) return;
    for (const { job } of this.#woken) this.#slow.add(workerOf(job));
    this.#arrived();
    const quick = this.#jobs.filter(({ job }) => !this.#slow.has(workerOf(job)));
    const here = whoGoes(quick.length > 0 ? quick : this.#jobs, held);
    const last = here[0]?.job ?? (this.#jobs.length === 0 ? this.#last : undefined);
    if (last === undefined) return;
    const fleet = await fleetLineOf(last, this.#table.resource);
    const going = fleet === undefined ? here : await this.#firstIn(fleet, last, held, isEnd);
    if (going.length === 0) return;
    this.#jobs = this.#jobs.filter((each) => !going.includes(each));
    this.#woken = going;
    this.#wokenMonoMs = performance.now();
    const found = await Promise.all(going.map(fleet === undefined ? recall : promote));
    this.#drop((each) => found[going.indexOf(each)] === false);
    if (!found.includes(true)) await this.#wake(held, true);
  }

  /** Of those here who stand in the fleet's line no more, others have woken some, and somebody else some. */
  async #firstIn(fleet: FleetLine, last: Job, held: readonly Mode[], isEnd: boolean): Promise<readonly PutAside[]> {
    const known = this.#jobs.filter(({ job }) => workerOf(job) === workerOf(last));
    const going = await takeFrom(fleet, known, last, held, isEnd);
    if (going?.length !== 0) return going ?? [];
    this.#drop((each) => known.includes(each));
    if (this.#jobs.length > 0) await this.#wake(held, isEnd);
    return [];
  }

  #isWokenLately(): boolean {
    return performance.now() - this.#wokenMonoMs < onItsWayMs;
  }

  async #isOneOnItsWay(): Promise<boolean> {
    const woken = this.#woken;
    for (const each of woken) if (await isOnItsWay(each)) return true;
    // Another end may have woken others meanwhile.
    if (this.#woken === woken) this.#arrived();
    return this.#woken.length > 0;
  }

  /** It was held since they were woken: they have it or found it busy, be it elsewhere. */
  #arrived(): void {
    const woken = this.#woken;
    this.#drop((each) => woken.includes(each));
  }

  #leaveClosed(): void {
    this.#drop(({ job }) => !isReachable(job));
    if (this.#last !== undefined && !isReachable(this.#last)) this.#last = undefined;
  }

  #drop(isGone: (each: PutAside) => boolean): void {
    this.#jobs = this.#jobs.filter((each) => !isGone(each));
    this.#woken = this.#woken.filter((each) => !isGone(each));
  }

  /** Until nobody is left. */
  #keepLooking(): void {
    clearTimeout(this.#timer);
    const pauseMs = nextLookMs(performance.now() - this.#seenMonoMs, Math.random());
    this.#timer = setTimeout(async () => {
      this.#timer = undefined;
      // A store that is down is told of by others, a queue by its worker, and each job has its own time besides.
      await this.#look().catch(() => {});
      if (this.#jobs.length > 0 || this.#table.heldHere().length > 0) this.#keepLooking();
      else this.#emptied();
    }, pauseMs).unref();
  }

  async #look(): Promise<void> {
    this.#drop(({ job }) => isLeft(job));
    if (this.#jobs.length === 0 || this.#table.heldHere().length > 0) return;
    const holders = await this.#table.inspect();
    this.#see(holders.map(({ token }) => token).join());
    if (holders.length > 0) this.#arrived();
    if (!isFull(holders)) await this.#wake(modesOf(holders), false);
  }

  /** Who is free, or has changed hands, is looked at soon again. */
  #see(tokens: string): void {
    if (tokens !== '' && tokens === this.#seen) return;
    this.#seen = tokens;
    this.#seenMonoMs = performance.now();
  }
}

/** Who waits in line for the table goes before whoever is not in it. */
function modesOf(holders: readonly Holder[]): readonly Mode[] {
  return holders.map(({ mode, state }) => (state === 'waiting' ? 'write' : mode));
}

function isFull(holders: readonly Holder[]): boolean {
  const places = placesTaken(holders);
  return places !== undefined && places.taken >= places.limit;
}
