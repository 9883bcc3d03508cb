/** A moment at which a zone's clock is put forward or back, and by how much it is ahead of UTC before and after. */
interface Change {
  readonly atMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** The wall clock of a zone. Its readings are written as if they were UTC. */
export interface Zone {
  readonly changes: readonly Change[];
  /** What the clock shows at a moment. */
  shownAt(atMs: number): number;
  /** When it shows `shownMs`: never, where it is put forward; where it is put back, the time of the two that node-cron takes. */
  momentOf(shownMs: number): number | undefined;
}

const dayMs = 86_400_000;

/** The process's. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The zone between two moments. `timezone` must be one; without it, that of the process. */
export function zoneBetween(timezone: string | undefined, fromMs: number, toMs: number): Zone {
  const aheadMs = offsetsOf(timezone);
  const changes = changesBetween(aheadMs, fromMs, toMs);
  const firstAheadMs = aheadMs(fromMs);
  const spans = [{ fromMs: Number.NEGATIVE_INFINITY, aheadMs: firstAheadMs }];
  for (const { atMs, afterMs } of changes) spans.push({ fromMs: atMs, aheadMs: afterMs });
  return {
    changes,
    shownAt: (atMs) => atMs + (spans.findLast((span) => span.fromMs <= atMs) as (typeof spans)[number]).aheadMs,
    momentOf(shownMs) {
      // A job of each second asks for each second of a week.
      if (changes.length === 0) return shownMs - firstAheadMs;
      const moments = spans.flatMap((span, index) => {
        const atMs = shownMs - span.aheadMs;
        return atMs >= span.fromMs && atMs < (spans[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) ? [atMs] : [];
      });
      // It takes the reading for a moment of UTC, and asks how far the zone is ahead then: the later one east of Greenwich, the earlier one west.
      const guessMs = shownMs - (spans.findLast((span) => span.fromMs <= shownMs) as (typeof spans)[number]).aheadMs;
      return moments.includes(guessMs) ? guessMs : moments.at(-1);
    },
  };
}

/** No zone changes twice in a day. */
function changesBetween(aheadMs: (atMs: number) => number, fromMs: number, toMs: number): readonly Change[] {
  const changes: Change[] = [];
  for (let startMs = fromMs; startMs < toMs; startMs += dayMs) {
    const [beforeMs, afterMs] = [aheadMs(startMs), aheadMs(startMs + dayMs)];
    if (beforeMs === afterMs) continue;
    let [low, high] = [startMs, startMs + dayMs];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (aheadMs(middle) === beforeMs) low = middle;
      else high = middle;
    }
    changes.push({ atMs: high, beforeMs, afterMs });
  }
  return changes;
}

/** How far the zone is ahead of UTC at a moment. */
function offsetsOf(timezone: string | undefined): (atMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (atMs) => {
    const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1_000) * 1_000;
  };
}
