import { readCron } from './cron.ts';
import { firesBetween } from './fires.ts';
import type { Rhythm } from './jobs.ts';
import { zoneBetween } from './zone.ts';

/** A rhythm that was learnt from when a job asked. */
export interface LearntRhythm {
  readonly rhythm: Rhythm;
  /** The share of its starts and of its fires that fit one another; for a rhythm without a schedule, 1. */
  readonly sureness: number;
  /** How often each fire is asked for. */
  readonly instances: number;
}

const minuteMs = 60_000;
const hourLongMs = 3_600_000;
const dayMs = 86_400_000;

/** How late a scheduled start may be: the second by which node-cron lets a fire be late, and one for the way to the first look. */
const latestStartMs = 2_000;

/** Below that a schedule would be a guess. */
const surest = 0.8;

/** A value that is rarer than a tenth of the most frequent one is an exception: a run by hand, a late start. */
const rareShare = 0.1;

/** So often at least, or nothing is known of when it comes again. */
const fewestStarts = 4;

/**
 * The schedule that explains the starts; or how often it starts, where none does. Of `timezones` the first that explains most:
 * only where the clock was changed meanwhile can they be told apart.
 */
export function learnRhythm(asksMs: readonly number[], fromMs: number, toMs: number, timezones: readonly string[] = ['UTC']): LearntRhythm {
  const slots = asksMs.map((askMs) => Math.floor(askMs / minuteMs) * minuteMs);
  const punctual = slots.filter((slot, index) => (asksMs[index] as number) - slot <= latestStartMs);
  if (punctual.length >= fewestStarts) {
    const found = timezones.map((timezone) => scheduleOf(punctual, asksMs.length, timezone, fromMs, toMs));
    const [best] = found.sort((a, b) => b.sureness - a.sureness);
    if (best !== undefined && best.sureness >= surest) return best;
  }
  return { rhythm: { perHour: ratesOf(asksMs, fromMs, toMs) }, sureness: 1, instances: 1 };
}

/** How often it came in each hour of the day; of an hour that was not seen whole, in all of the time. */
function ratesOf(asksMs: readonly number[], fromMs: number, toMs: number): readonly number[] {
  const seenMs = Math.max(minuteMs, toMs - fromMs);
  const wholeDays = Math.floor(seenMs / dayMs);
  return Array.from({ length: 24 }, (_, hour) => {
    const hourMs = wholeDays * hourLongMs + overlapMs(toMs - (seenMs - wholeDays * dayMs), toMs, hour);
    if (hourMs < hourLongMs) return (asksMs.length * hourLongMs) / seenMs;
    return (asksMs.filter((askMs) => hourOf(askMs) === hour).length * hourLongMs) / hourMs;
  });
}

/** How much of a time of less than a day falls into an hour of the day. */
function overlapMs(fromMs: number, toMs: number, hour: number): number {
  const firstMs = Math.floor(fromMs / dayMs) * dayMs + hour * hourLongMs;
  return [firstMs, firstMs + dayMs]
    .map((startMs) => Math.max(0, Math.min(toMs, startMs + hourLongMs) - Math.max(fromMs, startMs)))
    .reduce((sum, ms) => sum + ms, 0);
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / hourLongMs) % 24;
}

/** `punctual` are the minutes of those of `asked` starts that a schedule may have made. */
function scheduleOf(punctual: readonly number[], asked: number, timezone: string, fromMs: number, toMs: number): LearntRhythm {
  const [firstMs, endMs] = [punctual[0] as number, (punctual.at(-1) as number) + 1];
  const zone = zoneBetween(timezone, Math.min(fromMs, firstMs) - dayMs, Math.max(toMs, endMs) + dayMs);
  const daily = dailyCronOf(punctual.map(zone.shownAt));
  const cron = `${daily} ${weekdaysOf(punctual, firesBetween(readCron(`${daily} *`), timezone, fromMs, toMs).timesMs, zone.shownAt)}`;
  const fires = new Set(firesBetween(readCron(cron), timezone, Math.max(fromMs, firstMs), endMs).timesMs);
  const starts = punctual.filter((slot) => fires.has(slot));
  const kept = new Set(starts).size;
  const sureness = Math.min(starts.length / asked, kept / fires.size);
  return { rhythm: { cron, timezone }, sureness, instances: Math.max(1, Math.round(starts.length / kept)) };
}

/** The narrowest fields that hold all slots, as the clock shows them, but the exceptions; without weekdays. */
function dailyCronOf(slots: readonly number[]): string {
  const dates = slots.map((slot) => new Date(slot));
  const minutes = usual(dates.map((date) => date.getUTCMinutes()));
  const hours = usual(dates.map((date) => date.getUTCHours()));
  return `${fieldOf(minutes, 60)} ${fieldOf(hours, 24)} * *`;
}

/** `fires` are those of every day: unless there was one on each weekday, nobody knows on which it does not come. */
function weekdaysOf(slots: readonly number[], fires: readonly number[], shownAt: (atMs: number) => number): string {
  const weekdayOf = (atMs: number): number => new Date(shownAt(atMs)).getUTCDay();
  const seen = new Set(fires.map(weekdayOf));
  return seen.size < 7 ? '*' : fieldOf(usual(slots.map(weekdayOf)), 7);
}

function usual(values: readonly number[]): readonly number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].flatMap(([value, count]) => (count >= most * rareShare ? [value] : [])).sort((a, b) => a - b);
}

/** `*`, `3-59/15`, or a list. */
export function fieldOf(values: readonly number[], size: number): string {
  if (values.length === size) return '*';
  const [first = 0, second = 0] = values;
  const step = second - first;
  const isRegular =
    values.length > 2 &&
    size % step === 0 &&
    values.length === size / step &&
    values.every((value, index) => value === first + index * step);
  if (!isRegular) return values.join(',');
  return first === 0 ? `*/${step}` : `${first}-${size - 1}/${step}`;
}
