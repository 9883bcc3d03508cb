/** Who keeps whom from a table, and when. */
export interface ClashOutlook {
  readonly job: string;
  readonly by: string;
  readonly table: string;
  /** The minute of the day, UTC, at which it happens most. */
  readonly minuteOfDay: number;
  /** So often in the time that is played. */
  readonly times: number;
}

interface Counted {
  readonly job: number;
  readonly by: string;
  readonly table: string;
  count: number;
  readonly minutes: Uint32Array;
}

const minuteMs = 60_000;
const minutesOfDay = 1_440;

/** Counts who found whose table taken, over all plays. */
export class Clashes {
  readonly #found = new Map<string, Counted>();

  add(job: number, by: string, table: string, askedMs: number): void {
    const key = `${job} ${table} ${by}`;
    let clash = this.#found.get(key);
    if (clash === undefined) {
      clash = { job, by, table, count: 0, minutes: new Uint32Array(minutesOfDay) };
      this.#found.set(key, clash);
    }
    clash.count++;
    const minute = Math.floor(askedMs / minuteMs) % minutesOfDay;
    clash.minutes[minute] = (clash.minutes[minute] as number) + 1;
  }

  /** In one play, on the average; the most frequent first. */
  outlook(names: readonly string[], plays: number): readonly ClashOutlook[] {
    return [...this.#found.values()]
      .map(({ job, by, table, count, minutes }) => {
        const minuteOfDay = minutes.reduce((most, times, minute) => (times > (minutes[most] as number) ? minute : most), 0);
        return { job: names[job] as string, by, table, minuteOfDay, times: count / plays };
      })
      .sort((a, b) => b.times - a.times);
  }
}
