/**
 * What came of it when somebody wanted what others had: who was in the way and for how long in the end, and what would have let it run.
 * Played on the holds that were written down, by the rules of the lock: who came first goes first, then the other tables in their order.
 */

import { excludes } from '../../lock/holder.ts';
import type { Need } from '../../lock/options.ts';
import { needsOf } from '../../lock/plan/scope.ts';
import type { HoldEntry, SkipEntry, WaitEntry } from '../journal/journal.ts';
import type { SeenHolder } from '../listening.ts';

export interface Encounter {
  readonly entry: SkipEntry | WaitEntry;
  readonly askedAt: Date;
  /** Of a wait, the hold that it led to; `undefined`: it goes on, or nobody told. */
  readonly ran: HoldEntry | undefined;
  /** In line for what was busy, from 1. */
  readonly place: number;
  readonly inTheWay: readonly InTheWay[];
  /** From `askedAt` on: then everything it wanted was to be had. `undefined`: it cannot be told. */
  readonly enoughMs: number | undefined;
  /** So much later, or if negative earlier, it would have met nobody; the smallest first. None: within half an hour, or none that is known. */
  readonly moves: readonly number[];
}

/** A holder, or one who was ahead in line, with what its own process wrote down. */
export interface InTheWay extends SeenHolder {
  readonly hold: HoldEntry | undefined;
  /** It was ahead in line, gave up then, and held nothing. */
  readonly gaveUpAt: Date | undefined;
}

/** What is known about the time around. */
export interface Around {
  /** Of the tables that it wanted, as far as a move may reach. */
  readonly holds: readonly HoldEntry[];
  /** Of these tables: those that were ahead of it may have given up. */
  readonly skips: readonly SkipEntry[];
  /** What was held before is not known. */
  readonly sinceMs: number;
  /** What this job usually holds; `undefined`: it never did. */
  readonly usualMs: number | undefined;
  readonly nowMs: number;
}

/** Moving a job further than this is another plan, not the same one a little later. */
export const furthestMinutes = 30;
/** A record is written just before its hold is noted, by the same clock, and the store has at most so long to answer. */
const notedWithinMs = 10_000;
const minuteMs = 60_000;

export function encounterOf(entry: SkipEntry | WaitEntry, known: Around): Encounter {
  const { holds, skips } = known;
  const askedMs = entry.at.getTime() - (entry.kind === 'skip' ? entry.waitedMs : 0);
  const inTheWay = entry.holders.map((holder) => {
    const hold = holdOf(holder, entry, holds);
    return { ...holder, hold, gaveUpAt: hold === undefined ? gaveUpAt(holder, entry, skips) : undefined };
  });
  const ran = entry.kind === 'wait' ? ranAfter(entry, holds) : undefined;
  const needs = needsIn(entry, ran);
  const others = holds.filter((hold) => hold.job !== entry.job || hold.job === undefined);
  return {
    entry,
    askedAt: new Date(askedMs),
    ran,
    place: entry.holders.filter(({ state }) => state === 'waiting').length + 1,
    inTheWay,
    enoughMs: entry.kind === 'skip' && entry.reason === 'busy' ? enough(entry, needs, inTheWay, others, askedMs) : undefined,
    moves: inTheWay.some(isUnwritten) ? [] : everyMove.filter((minutes) => isFree(needs, others, askedMs + minutes * minuteMs, known)),
  };
}

/** The smallest move, in whole minutes, with which none of them would have met anybody. */
export function movedByAll(encounters: readonly Encounter[]): number | undefined {
  const [first, ...others] = encounters;
  return first?.moves.find((minutes) => others.every(({ moves }) => moves.includes(minutes)));
}

/** It held, and nobody knows when: it wrote no journal, or began before what was read. Who only waited may never have held. */
function isUnwritten({ state, hold }: InTheWay): boolean {
  return state !== 'waiting' && hold === undefined;
}

const everyMove = Array.from({ length: furthestMinutes }, (_, index) => [index + 1, -index - 1]).flat();

function isFree(needs: readonly Need[], others: readonly HoldEntry[], fromMs: number, { usualMs, sinceMs, nowMs }: Around): boolean {
  if (usualMs === undefined || fromMs < sinceMs || fromMs + usualMs > nowMs) return false;
  return others.every(
    (hold) =>
      !needs.some(({ resource, mode }) => resource === hold.resource && excludes(mode, hold.mode)) ||
      hold.from.getTime() >= fromMs + usualMs ||
      (endOf(hold) ?? nowMs) <= fromMs,
  );
}

function enough(
  { at, resource }: SkipEntry,
  needs: readonly Need[],
  inTheWay: readonly InTheWay[],
  others: readonly HoldEntry[],
  askedMs: number,
): number | undefined {
  let freeMs = at.getTime();
  for (const { hold, gaveUpAt: left } of inTheWay) {
    if (left !== undefined) continue;
    const endMs = hold && endOf(hold);
    if (endMs === undefined) return undefined;
    freeMs = Math.max(freeMs, endMs);
  }
  if (inTheWay.length === 0 || freeMs === at.getTime()) return undefined;
  for (const need of needs) {
    if (need.resource === resource) continue;
    for (const hold of others) {
      if (hold.resource !== need.resource || !excludes(need.mode, hold.mode) || hold.from.getTime() > freeMs) continue;
      const endMs = endOf(hold);
      if (endMs === undefined) return undefined;
      freeMs = Math.max(freeMs, endMs);
    }
  }
  return freeMs - askedMs;
}

function needsIn({ resource, ...entry }: SkipEntry | WaitEntry, ran: HoldEntry | undefined): readonly Need[] {
  const scope = 'scope' in entry ? entry.scope : undefined;
  return scope === undefined ? [{ resource, mode: ran?.mode ?? 'write' }] : needsOf(scope);
}

function holdOf(holder: SeenHolder, entry: SkipEntry | WaitEntry, holds: readonly HoldEntry[]): HoldEntry | undefined {
  const sinceMs = holder.since.getTime();
  return first(
    // Millions of times in a report: with a copy of each, 2 000 skips among 2 000 holds took 2.5 s, without 0.5 (2 cores, November 2026).
    holds.filter((hold) => {
      // In containers each process has the same number.
      if (hold.pid !== holder.pid || hold.host !== holder.host || hold.resource !== entry.resource) return false;
      const fromMs = hold.from.getTime();
      // A holder is known by when it began. Who waits has not begun, but has asked already; its name may be cut in a record.
      if (holder.state !== 'waiting') return fromMs >= sinceMs - 1 && fromMs <= sinceMs + notedWithinMs;
      return hold.job === holder.job && fromMs >= sinceMs - 1 && hadAsked(fromMs - hold.waitedMs, holder, entry);
    }),
  );
}

/** When who was ahead in line stopped waiting for it. */
function gaveUpAt(holder: SeenHolder, entry: SkipEntry | WaitEntry, skips: readonly SkipEntry[]): Date | undefined {
  if (holder.state !== 'waiting') return undefined;
  const sinceMs = holder.since.getTime();
  return skips.find(({ host, pid, job, resource, at, waitedMs }) => {
    const isTheirs = pid === holder.pid && host === holder.host && job === holder.job && resource === entry.resource;
    return isTheirs && at.getTime() >= sinceMs && hadAsked(at.getTime() - waitedMs, holder, entry);
  })?.at;
}

/** Before it was seen in line: what came of a later turn of the same job is not what came of this one. Its clock may be ahead. */
function hadAsked(askedMs: number, { since }: SeenHolder, { at }: SkipEntry | WaitEntry): boolean {
  // The clock of an entry is not that of its length, to a millisecond.
  return askedMs <= Math.max(since.getTime(), at.getTime()) + 1;
}

/** The hold that had waited since then. */
function ranAfter({ at, resource, job, host, pid }: WaitEntry, holds: readonly HoldEntry[]): HoldEntry | undefined {
  return first(
    holds.filter((hold) => {
      const isOwn = hold.resource === resource && hold.job === job && hold.host === host && hold.pid === pid;
      return isOwn && hold.from >= at && hold.from.getTime() - hold.waitedMs <= at.getTime() + 1;
    }),
  );
}

function first(holds: readonly HoldEntry[]): HoldEntry | undefined {
  return holds.reduce<HoldEntry | undefined>((found, hold) => (found === undefined || hold.from < found.from ? hold : found), undefined);
}

function endOf({ to }: HoldEntry): number | undefined {
  return to?.getTime();
}
