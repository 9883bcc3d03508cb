import { placesTaken } from '../lock/holder.ts';
import type { Entrant, Waiting } from '../lock/record/record.ts';
import { shortly } from '../observe/answers/shortly.ts';
import { printableName } from './terminal.ts';

/** One holder, or one who waits, in a line: job, mode, host, pid, age, and when it ends. */
export function holderInWords({ job, mode, host, pid, since }: Entrant | Waiting, nowMs: number, verb = 'for'): string {
  return `${jobInWords(job)} (${mode}) ${placeInWords(host, pid)}, ${verb} ${shortly(Math.max(0, nowMs - since))}`;
}

export function jobInWords(job: string | undefined): string {
  return printableName(job || 'a job without a name');
}

/** Where somebody runs. A writer of another make may leave its host out. */
export function placeInWords(host: string, pid: number): string {
  return `on ${hostInWords(host)}, pid ${pid}`;
}

export function hostInWords(host: string): string {
  return printableName(host || 'an unknown host');
}

/** When a holder ends. By itself at `latestEnd`; a min-hold mark, or one who lets go of nothing any more, at `until`. */
export function endInWords({ latestEnd, until, minHold }: Entrant, nowMs: number): string {
  const endMs = minHold ? until : latestEnd;
  if (endMs === undefined) return 'no latest end';
  return endMs > nowMs ? `in ${shortly(endMs - nowMs)} at the latest` : `${shortly(nowMs - endMs)} overdue`;
}

/** ` (3 of 4)` where the table has limits: how many hold it of those that may. */
export function placesInWords(holders: readonly Entrant[]): string {
  const places = placesTaken(holders);
  return places === undefined ? '' : ` (${places.taken} of ${places.limit})`;
}
