import { InvalidArgumentError } from 'commander';
import { InvalidOptionError } from '../lock/errors.ts';
import { clock } from './skip-words.ts';

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const agoForm = /^(\d{1,9}(?:\.\d{1,9})?)([smhd])$/;
const clockForm = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const dateForm = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

// No journal is older, and neither `Date` nor PostgreSQL knows all that could be written.
const earliestMs = Date.parse('1970-01-01T00:00Z') - 86_400_000;
const longestAgoMs = 50 * 365 * 86_400_000;

/** A time as somebody writes it: what it means depends on when it is read. */
export type Moment = (nowMs: number, after?: Date) => Date;

/**
 * `24h`: so long ago. `02:00`: on this machine's clock, the last that was, or after `--since` the first that comes. `2026-11-28` and
 * `2026-11-28 02:00`, in the zone of this machine, or with a `Z` or an offset of their own.
 */
export function moment(text: string): Moment {
  const [, number, unit = ''] = agoForm.exec(text) ?? [];
  const agoMs = Number(number) * (unitsMs[unit] ?? 0);
  if (number !== undefined && agoMs <= longestAgoMs) return (nowMs) => new Date(nowMs - agoMs);
  const clock = clockForm.exec(text);
  if (clock !== null)
    return (nowMs, after) =>
      atClock(
        clock.slice(1, 4).map((part) => Number(part ?? 0)),
        nowMs,
        after,
      );
  const date = new Date(/[T ]/.test(text) ? text.replace(' ', 'T') : `${text}T00:00`);
  if (dateForm.test(text) && date.getTime() >= earliestMs && isDay(text.slice(0, 10))) return () => date;
  throw new InvalidArgumentError('A time such as 02:00, 2026-11-28, "2026-11-28 02:00", or 24h for so long ago is allowed, from 1970 on.');
}

/** `Date` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Throws `InvalidOptionError` for what is no time, or has not begun. */
export function checkSpan(since: Date | undefined, until: Date | undefined, nowMs: number): void {
  if (since === undefined) return;
  if (since.getTime() > nowMs)
    throw new InvalidOptionError('--since', clock(since), `a time before now, ${clock(new Date(nowMs))}, is allowed`);
  if (until !== undefined && until <= since)
    throw new InvalidOptionError('--until', clock(until), `a time after --since, ${clock(since)}, is allowed`);
}

function atClock([hours = 0, minutes = 0, seconds = 0]: readonly number[], nowMs: number, after: Date | undefined): Date {
  const at = new Date(after ?? nowMs);
  at.setHours(hours, minutes, seconds, 0);
  // By the calendar: the days of a change of clocks are shorter or longer.
  if (after === undefined && at.getTime() > nowMs) at.setDate(at.getDate() - 1);
  if (after !== undefined && at <= after) at.setDate(at.getDate() + 1);
  return at;
}
