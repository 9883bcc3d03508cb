/**
 * Every decision about a record, without I/O: time comes in as a number. Idempotent by token, so a write whose
 * answer was lost resolves itself at the next look.
 */
import type { Entrant, LockRecord, Mode } from './record.ts';

/** How far the wall clocks of two hosts may be apart, in milliseconds. `giveway doctor` measures it. */
export const clockSkewMs = 2_000;

/** More holders than this in one record and the next is refused as busy. */
export const maxHolders = 256;

export type Decision =
  | { readonly granted: true; readonly record: LockRecord; readonly ttlMs: number }
  | { readonly granted: false; readonly blockers: readonly Entrant[] };

/** What to do with a record so that `token` is in it no more. */
export type Departure =
  | { readonly act: 'none' }
  | { readonly act: 'remove' }
  | { readonly act: 'write'; readonly record: LockRecord; readonly ttlMs: number };

/**
 * May `me` enter the record that was found? A record that holds my token is mine, whatever it looks like: my entry is
 * written anew. `nowMs` is this host's wall clock.
 */
export function decide(found: LockRecord | undefined, me: Entrant, nowMs: number): Decision {
  const others = found === undefined ? [] : live(found, me, nowMs);
  const mine = found?.holders.some(({ token }) => token === me.token) ?? false;
  const blockers = mine ? [] : others.filter((other) => !compatible(other.mode, me.mode));
  if (blockers.length > 0) return { granted: false, blockers };
  if (others.length >= maxHolders) return { granted: false, blockers: others };
  return { granted: true, record: { v: 1, holders: [...others, me] }, ttlMs: longestLeft(others, me.ttlMs, nowMs) };
}

/** Takes `me` out; with `minHoldUntilMs` in the future, leaves a mark in its place that excludes what it excluded. */
export function depart(found: LockRecord, me: Entrant, nowMs: number, minHoldUntilMs = 0): Departure {
  if (!found.holders.some(({ token }) => token === me.token)) return { act: 'none' };
  const others = live(found, me, nowMs);
  if (minHoldUntilMs > nowMs) {
    const mark: Entrant = { ...me, until: minHoldUntilMs, minHold: true };
    return { act: 'write', record: { v: 1, holders: [...others, mark] }, ttlMs: longestLeft(others, minHoldUntilMs - nowMs, nowMs) };
  }
  if (others.length === 0) return { act: 'remove' };
  return { act: 'write', record: { v: 1, holders: others }, ttlMs: longestLeft(others, 0, nowMs) };
}

/** When, on this host's wall clock, the first of `blockers` ends if nobody renews it. */
export function earliestEnd(blockers: readonly Entrant[]): number {
  return Math.min(...blockers.map(({ until }) => until));
}

/** Until when, at the latest, somebody among `blockers` may still work. `Infinity` when one of them set no limit. */
export function latestEnd(blockers: readonly Entrant[]): number {
  return Math.max(...blockers.map((blocker) => (blocker.minHold ? blocker.until : (blocker.latestEnd ?? Number.POSITIVE_INFINITY))));
}

function compatible(held: Mode, asked: Mode): boolean {
  return held === asked && held !== 'write';
}

/**
 * The other entries that count. One holder alone lives as long as its key, on the backend's clock. Beside sharers, who
 * keep the key alive, a crashed one ends by its own `until`; so does a min-hold mark, since whole-second TTLs outlive it.
 */
function live(record: LockRecord, me: Entrant, nowMs: number): readonly Entrant[] {
  const others = record.holders.filter(({ token }) => token !== me.token);
  if (record.holders.length === 1 && !others[0]?.minHold) return others;
  return others.filter((other) => other.until + (other.minHold && other.host === me.host ? 0 : clockSkewMs) > nowMs);
}

function longestLeft(others: readonly Entrant[], ownMs: number, nowMs: number): number {
  return others.reduce(
    (longest, other) => Math.max(longest, Math.min(other.until - nowMs + clockSkewMs, other.ttlMs + clockSkewMs)),
    Math.max(ownMs, 1),
  );
}
