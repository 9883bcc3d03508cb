/** Whose turn it is, of the jobs that were put off from one table. */

import type { Job } from 'bullmq';
import type { Skipped } from '../lock/api/refusal.ts';
import type { Mode } from '../lock/holder.ts';

/** A job that stands in its queue as delayed, since a table was busy. */
export interface PutAside {
  readonly job: Job;
  readonly mode: Mode;
  readonly refused: Skipped;
  /** Until then it is on its way there. */
  readonly moving: Promise<unknown>;
}

/**
 * In the order of BullMQ: priorities first (0 before 1), then who was due first. Ranks are compared as text, here and in Redis. BullMQ counts
 * the jobs of a queue, where nobody names them.
 */
export function rankOf(job: Job): string {
  const id = String(job.id);
  return [digits(priorityOf(job), 7), digits(dueAt(job), 16), /^\d+$/.test(id) ? id.padStart(16, '0') : encodeURIComponent(id)].join('.');
}

/** 2 097 152 is BullMQ's last priority, and milliseconds since 1970 have 13 digits. */
function digits(value: number, count: number): string {
  return String(Math.max(0, Math.round(value))).padStart(count, '0');
}

function comesBefore(job: Job, other: Job): boolean {
  return rankOf(job) < rankOf(other);
}

/** Where it stands in a line that is in order. */
export function placeOf(job: Job, line: readonly PutAside[]): number {
  let [from, to] = [0, line.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (comesBefore(job, (line[middle] as PutAside).job)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function priorityOf({ priority, opts }: Job): number {
  return priority ?? opts?.priority ?? 0;
}

/** When it was meant to run at first: `job.delay` is ours by now. */
function dueAt({ timestamp = 0, opts }: Job): number {
  return timestamp + (opts?.delay ?? 0);
}

/** Those who go when the table is held in these modes: the first, with all behind it that go together with it. `line` is in order. */
export function whoGoes(line: readonly PutAside[], held: readonly Mode[]): readonly PutAside[] {
  const [first] = line;
  if (first === undefined || !held.every((mode) => goTogether(mode, first.mode))) return [];
  const end = line.findIndex(({ mode }, place) => place > 0 && !goTogether(mode, first.mode));
  return end < 0 ? line : line.slice(0, end);
}

/** Would `job` take the table from one that comes before it? */
export function wouldOvertake(job: Job, mode: Mode, other: PutAside): boolean {
  return comesBefore(other.job, job) && !goTogether(mode, other.mode);
}

/** Of these two modes. */
export function goTogether(mode: Mode, other: Mode): boolean {
  return mode === other && mode !== 'write';
}
