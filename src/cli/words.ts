import type { Entrant, Waiting } from '../lock/record/record.ts';
import { shortly } from './durations.ts';
import { printable } from './terminal.ts';

/** One holder, or one who waits, in a line: job, mode, host, pid, age, and when it ends. */
export function holderInWords({ job, mode, host, pid, since }: Entrant | Waiting, nowMs: number): string {
  return `${printable(job ?? 'a job without a name')} (${mode}) on ${printable(host)}, pid ${pid}, for ${shortly(Math.max(0, nowMs - since))}`;
}

/** When a holder ends. By itself at `latestEnd`; a min-hold mark, or one who lets go of nothing any more, at `until`. */
export function endInWords({ latestEnd, until, minHold }: Entrant, nowMs: number): string {
  const endMs = minHold ? until : latestEnd;
  if (endMs === undefined) return 'no latest end';
  return endMs > nowMs ? `in ${shortly(endMs - nowMs)} at the latest` : `${shortly(nowMs - endMs)} overdue`;
}
