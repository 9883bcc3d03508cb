import type { CronTimes } from './cron.ts';
import { ownZone, type Zone, zoneBetween } from './zone.ts';

/** A fire where the clock is changed: the reading, as if it were UTC, and what becomes of it. */
export interface ChangedFire {
  readonly shownMs: number;
  readonly timezone: string;
  /** `'left out'`: there is no such time that day. `'twice'`: there are two, and it fires at one of them. */
  readonly fate: 'left out' | 'twice';
  /** When it fires; `undefined`: not at all. */
  readonly atMs: number | undefined;
}

export interface Fires {
  readonly timesMs: readonly number[];
  readonly changed: readonly ChangedFire[];
}

const dayMs = 86_400_000;

/** The fires from `fromMs` up to, but not including, `toMs`, as node-cron has them, summer time included. */
export function firesBetween(times: CronTimes, timezone: string | undefined, fromMs: number, toMs: number): Fires {
  // Readings of the days round both ends, whatever the zone.
  const zone = zoneBetween(timezone, fromMs - dayMs, toMs + dayMs);
  const timesMs: number[] = [];
  const changed: ChangedFire[] = [];
  for (let day = Math.floor(zone.shownAt(fromMs) / dayMs) * dayMs; day <= zone.shownAt(toMs); day += dayMs) {
    if (!times.fallsOn(day)) continue;
    for (const shownMs of readingsIn(times, day)) {
      const atMs = zone.momentOf(shownMs);
      const fate = fateOf(zone, shownMs, atMs);
      const nearMs = atMs ?? shownMs;
      if (nearMs >= fromMs && nearMs < toMs && fate !== undefined) changed.push({ shownMs, timezone: timezone ?? ownZone(), fate, atMs });
      if (atMs !== undefined && atMs >= fromMs && atMs < toMs) timesMs.push(atMs);
    }
  }
  return { timesMs, changed };
}

function* readingsIn({ hours, minutes, seconds }: CronTimes, day: number): Generator<number> {
  for (const hour of hours)
    for (const minute of minutes) for (const second of seconds) yield day + ((hour * 60 + minute) * 60 + second) * 1_000;
}

function fateOf(zone: Zone, shownMs: number, atMs: number | undefined): ChangedFire['fate'] | undefined {
  if (zone.changes.length === 0) return undefined;
  if (atMs === undefined) return 'left out';
  const isTwice = zone.changes.some((change) => shownMs >= change.atMs + change.afterMs && shownMs < change.atMs + change.beforeMs);
  return isTwice ? 'twice' : undefined;
}
