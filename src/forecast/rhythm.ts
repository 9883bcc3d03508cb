import { readCron } from './cron.ts';
import { firesBetween } from './fires.ts';
import type { Rhythm } from './jobs.ts';

/** A rhythm that was learnt from when a job asked. */
export interface LearntRhythm {
  readonly rhythm: Rhythm;
  /** The share of its starts and of its fires that fit one another; for a rhythm without a schedule, 1. */
  readonly sureness: number;
  /** How often each fire is asked for. */
  readonly instances: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** How late a scheduled start may be: the second by which node-cron lets a fire be late, and one for the way to the first look. */
const latestStartMs = 2_000;

/** Below that a schedule would be a guess. */
const surest = 0.8;

/** A value that is rarer than a tenth of the most frequent one is an exception: a run by hand, a late start. */
const rareShare = 0.1;

/** So often at least, or nothing is known of when it comes again. */
const fewestStarts = 4;

/** The schedule that explains the starts, in UTC; or how often it starts, where none does. */
export function learnRhythm(asksMs: readonly number[], fromMs: number, toMs: number): LearntRhythm {
  const slots = asksMs.map((askMs) => Math.floor(askMs / minuteMs) * minuteMs);
  const punctual = slots.filter((slot, index) => (asksMs[index] as number) - slot <= latestStartMs);
  if (punctual.length >= fewestStarts) {
    const cron = cronOf(punctual, toMs - fromMs);
    const fires = new Set(
      firesBetween(readCron(cron), 'UTC', Math.max(fromMs, punctual[0] as number), (punctual.at(-1) as number) + 1).timesMs,
    );
    const kept = new Set(punctual.filter((slot) => fires.has(slot)));
    const starts = punctual.filter((slot) => fires.has(slot)).length;
    const sureness = Math.min(starts / asksMs.length, kept.size / fires.size);
    if (sureness >= surest) return { rhythm: { cron, timezone: 'UTC' }, sureness, instances: Math.max(1, Math.round(starts / kept.size)) };
  }
  const days = Math.max(1, (toMs - fromMs) / dayMs);
  const perHour = Array.from(
    { length: 24 },
    (_, hour) => asksMs.filter((askMs) => Math.floor(askMs / 3_600_000) % 24 === hour).length / days,
  );
  return { rhythm: { perHour }, sureness: 1, instances: 1 };
}

/** The narrowest fields that hold all slots but the exceptions. Weekdays only where a week was seen. */
function cronOf(slots: readonly number[], seenMs: number): string {
  const dates = slots.map((slot) => new Date(slot));
  const minutes = usual(dates.map((date) => date.getUTCMinutes()));
  const hours = usual(dates.map((date) => date.getUTCHours()));
  const weekdays = seenMs >= 7 * dayMs ? usual(dates.map((date) => date.getUTCDay())) : [];
  return `${fieldOf(minutes, 60)} ${fieldOf(hours, 24)} * * ${weekdays.length === 0 ? '*' : fieldOf(weekdays, 7)}`;
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
