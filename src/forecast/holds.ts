import type { Random } from './random.ts';

/** A hold that was seen. */
export interface SeenHold {
  readonly atMs: number;
  readonly heldMs: number;
}

/** How long a job holds its tables, as its history has it. */
export interface Holds {
  /** How many were seen. */
  readonly samples: number;
  /** The time that a share of the holds does not exceed. */
  quantileMs(share: number): number;
  /** How likely a hold is to last `ms` at least. */
  outlasts(ms: number): number;
  /** How holds are drawn in one play. Each play has its own view of the history, since that is but a sample of what the job does. */
  forPlay(random: Random): (atMs: number) => number;
}

/** The hour of the day at a moment, by the clock that the job goes by. */
export type HourOf = (atMs: number) => number;

/** With fewer in an hour of the day, its holds are drawn from the whole day: a mean of twenty is within a quarter of a standard deviation. */
const enoughInAnHour = 20;

/** What is drawn of a history for one play: more than a mean needs, few enough to be drawn some hundred times. */
const mostDrawn = 500;

/** A job whose holds nobody has seen holds for so long, and the forecast says so: what most scheduled statements need, as a power of ten. */
const unseenHoldMs = 10_000;

export function holdsFrom(seen: readonly SeenHold[], hourOf: HourOf): Holds {
  const sorted = seen.map(({ heldMs }) => heldMs).sort((a, b) => a - b);
  if (sorted.length === 0) sorted.push(unseenHoldMs);
  const byHour = Array.from({ length: 24 }, (): number[] => []);
  for (const { atMs, heldMs } of seen) byHour[hourOf(atMs)]?.push(heldMs);
  const byHourIsKnown = byHour.some(({ length }) => length >= enoughInAnHour);
  return {
    samples: seen.length,
    quantileMs: (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number,
    outlasts: (ms) => 1 - countBelow(sorted, ms) / sorted.length,
    forPlay(random) {
      let day: readonly number[] | undefined;
      const hours: (readonly number[])[] = [];
      const ofDay = (): readonly number[] => {
        day ??= redrawn(sorted, random);
        return day;
      };
      const ofHour = (hour: number): readonly number[] => {
        const own = byHour[hour] as readonly number[];
        return own.length >= enoughInAnHour ? redrawn(own, random) : ofDay();
      };
      return (atMs) => {
        if (!byHourIsKnown) return one(ofDay(), random);
        const hour = hourOf(atMs);
        hours[hour] ??= ofHour(hour);
        return one(hours[hour], random);
      };
    },
  };
}

function redrawn(samples: readonly number[], random: Random): readonly number[] {
  return Array.from({ length: Math.min(samples.length, mostDrawn) }, () => one(samples, random));
}

function one(samples: readonly number[], random: Random): number {
  return samples[Math.floor(random() * samples.length)] as number;
}

/** How many of the sorted numbers are less than `ms`. */
function countBelow(sorted: readonly number[], ms: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
