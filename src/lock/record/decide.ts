/**
 * Every decision about a record, without I/O: time comes in as a number. Idempotent by token, so a write whose
 * answer was lost resolves itself at the next look.
 */
import { excludes, type Mode } from '../holder.ts';
import { latestEndOf, withinDates } from './dates.ts';
import type { Entrant, LockRecord, Waiting } from './record.ts';

/** How far the wall clocks of two hosts may be apart, in milliseconds. `giveway doctor` measures it. */
export const clockSkewMs = 2_000;

/** More holders than this in one record, or more in its line, and the next is refused as busy. */
export const maxEntries = 256;

/** How long one that was granted has to begin, beside the pause it makes between two looks. Four hundred times the latency of a loaded loopback. */
export const grantLifeMs = 1_000;

/** What to write. `ttlMs`: the longest that is left to anybody in it. */
export interface Change {
  readonly record: LockRecord;
  readonly ttlMs: number;
}

export type Admission =
  | ({ readonly granted: true } & Change)
  | {
      readonly granted: false;
      /** Who holds it against the newcomer. Empty: only the line is before it. */
      readonly blockers: readonly Entrant[];
      /** Who is in line before it. */
      readonly ahead: readonly Waiting[];
      /** Nobody alive is in the way of the head of the line: this would let it in. */
      readonly overdue?: Change;
    };

/** What to do with a record so that `me` is in it no more. */
export type Departure = { readonly act: 'none' } | { readonly act: 'remove' } | ({ readonly act: 'write' } & Change);

type IsMine = (token: string) => boolean;

/**
 * May `me` enter the record that was found? A record that holds my token is mine, whatever it looks like: my entry is
 * written anew. Whoever is not in line goes behind all that are. `isMine`: other tokens of this process, left behind by
 * requests whose answers were lost. `nowMs` is this host's wall clock.
 */
export function admit(found: LockRecord | undefined, me: Entrant, nowMs: number, isMine: IsMine = () => false): Admission {
  if (found === undefined) return { granted: true, record: { v: 1, at: nowMs, holders: [me], line: [] }, ttlMs: me.ttlMs };
  const old: IsMine = (token) => token === me.token || isMine(token);
  const others = live(found, old, me.host, nowMs);
  const line = waitingIn(found, nowMs, (token) => token !== me.token && isMine(token));
  if (found.holders.some(({ token, minHold }) => token === me.token && !minHold))
    return changed([...others, me], without(line, me.token), me, nowMs);
  const place = line.findIndex(({ token }) => token === me.token);
  if (place === -1 && line.length === 0 && fits(others, me.mode, me.limit)) return changed([...others, me], line, me, nowMs);
  const next = grantNext(others, line, nowMs);
  if (place !== -1 && next.holders.some(({ token }) => token === me.token)) return changed(others, line, me, nowMs);
  return {
    granted: false,
    blockers: others.filter((other) => excludes(other.mode, me.mode) || !fits(others, me.mode, me.limit)),
    ahead: place === -1 ? line : line.slice(0, place),
    ...(next.holders === others ? {} : { overdue: toChange(next.holders, next.line, nowMs) }),
  };
}

export interface Leave {
  readonly minHoldUntilMs?: number;
  readonly again?: Waiting | undefined;
  readonly guessMs?: number;
  readonly isMine?: IsMine;
}

/**
 * Takes `me` out, and lets in whom that makes way for; with `minHoldUntilMs` in the future, leaves a mark in its place that
 * excludes what it excluded. `again` goes to the end of the line. `guessMs`: what is said of whoever has not held it yet.
 */
export function depart(
  found: LockRecord,
  me: Entrant,
  nowMs: number,
  { minHoldUntilMs = 0, again, guessMs, isMine = () => false }: Leave = {},
): Departure {
  if (!found.holders.some(({ token, minHold }) => token === me.token && !minHold)) return { act: 'none' };
  const others = live(found, (token) => token === me.token || isMine(token), me.host, nowMs);
  const kept = waitingIn(found, nowMs, (token) => token === me.token || isMine(token));
  const line = again === undefined ? kept : [...kept, again];
  if (minHoldUntilMs > nowMs) {
    const mark: Entrant = { ...me, ttlMs: minHoldUntilMs - nowMs, until: minHoldUntilMs, beat: me.beat + 1, minHold: true };
    return { act: 'write', ...toChange([...others, mark], line, nowMs, mark) };
  }
  const next = grantNext(others, line, nowMs, guessMs);
  if (next.holders.length === 0 && next.line.length === 0) return { act: 'remove' };
  return { act: 'write', ...toChange(next.holders, next.line, nowMs) };
}

/** Puts `entries` in the place of the tokens in `instead`, whoever else is there: a lock that goes to or comes from another process. */
export function exchange(
  found: LockRecord,
  instead: readonly string[],
  entries: readonly Entrant[],
  nowMs: number,
  isMine: IsMine = () => false,
): Change {
  const [me] = entries as readonly [Entrant];
  const isOver: IsMine = (token) => instead.includes(token) || isMine(token);
  const others = live(found, (token) => isOver(token) || entries.some((entry) => entry.token === token), me.host, nowMs);
  return toChange([...others, ...entries], waitingIn(found, nowMs, isOver), nowMs, me);
}

/** May others add to this record's text? Not where a writer of 0.1.0 would not heed it, or nobody would ever read it. */
export function takesLine({ holders, line }: LockRecord): boolean {
  return holders.length > 0 && holders.every((holder) => holder.line === true) && line.length < maxEntries;
}

/**
 * `found` as it counts for one that saw `before` there: who has not renewed its entry since has no longer left than it had then.
 * Where clocks are apart, each who writes takes the time since the last write for none; so that would never end.
 */
export function aged(found: LockRecord, before: LockRecord, nowMs: number): LockRecord {
  let isOlder = false;
  const holders = found.holders.map((holder) => {
    const known = before.holders.find(({ token, beat }) => token === holder.token && beat === holder.beat);
    const excessMs = known === undefined ? 0 : leftMs(found, holder, nowMs) - leftMs(before, known, nowMs);
    if (excessMs <= 0) return holder;
    isOlder = true;
    return { ...holder, until: holder.until - excessMs };
  });
  return isOlder ? { ...found, holders } : found;
}

/** How long `entry` has left, and everybody with it, as far as this host's clock can tell; less than 0 when it is over. */
export function leftMs(record: LockRecord, entry: Entrant, nowMs: number): number {
  return entry.until - clockOf(record, nowMs);
}

/** How far this host's wall clock is ahead of the record's, as far as the record proves it: 0 for clocks that are near. */
export function aheadMs(record: LockRecord, nowMs: number): number {
  return nowMs - clockOf(record, nowMs);
}

/** On this host's wall clock: until when, at the latest, a holder may still work. `Infinity` when it set no limit. */
export function latestEndMs(record: LockRecord, { minHold, until, latestEnd = Number.POSITIVE_INFINITY }: Entrant, nowMs: number): number {
  return (minHold ? until : latestEnd) + nowMs - clockOf(record, nowMs);
}

/** The line without whoever has given up by its own word, and could not say so, with its times on this host's clock. */
function waitingIn(record: LockRecord, nowMs: number, isMine: IsMine): readonly Waiting[] {
  const shiftMs = aheadMs(record, nowMs);
  const stays = ({ token, since, maxWaitMs }: Waiting): boolean => !isMine(token) && nowMs - shiftMs <= since + maxWaitMs + clockSkewMs;
  const line = record.line.every(stays) ? record.line : record.line.filter(stays);
  return shiftMs === 0 ? line : line.map((waiting) => ({ ...waiting, since: withinDates(waiting.since + shiftMs) }));
}

/** The entry of one whose turn it is: short, until it confirms it itself. */
function entrantOf({ pauseMs, maxWaitMs: __, maxHoldMs, since: _, ttlMs, ...waiting }: Waiting, nowMs: number, guessMs?: number): Entrant {
  const lifeMs = Math.min(grantLifeMs + pauseMs, ttlMs);
  return {
    ...waiting,
    guessMs: waiting.usualMs === undefined ? guessMs : undefined,
    since: nowMs,
    latestEnd: maxHoldMs === undefined ? undefined : latestEndOf(nowMs + maxHoldMs),
    ttlMs: lifeMs,
    until: withinDates(nowMs + lifeMs),
    beat: 0,
    line: true,
  };
}

/** Lets in the head of the line, and all of its mode that fit beside it, if nobody is in its way. */
function grantNext(
  holders: readonly Entrant[],
  line: readonly Waiting[],
  nowMs: number,
  guessMs?: number,
  me?: Entrant,
): { holders: readonly Entrant[]; line: readonly Waiting[] } {
  const [head] = line;
  if (head === undefined || !fits(holders, head.mode, head.limit)) return { holders, line };
  const granted = [...holders];
  const rest = line.filter((waiting) => {
    if (waiting.mode !== head.mode || !fits(granted, waiting.mode, waiting.limit)) return true;
    granted.push(waiting.token === me?.token ? me : entrantOf(waiting, nowMs, guessMs));
    return false;
  });
  return { holders: granted, line: rest };
}

function changed(holders: readonly Entrant[], line: readonly Waiting[], me: Entrant, nowMs: number): Admission {
  const next = grantNext(holders, line, nowMs, me.usualMs, me);
  return { granted: true, ...toChange(next.holders, next.line, nowMs, me) };
}

/** The key lives as long as anybody in it. What others wrote may be from a clock that is behind. */
function toChange(holders: readonly Entrant[], line: readonly Waiting[], nowMs: number, me?: Entrant): Change {
  let ttlMs = 1;
  for (const holder of holders) {
    const fresh = holder === me || holder.until === nowMs + holder.ttlMs;
    const ownMs = Math.min(holder.until - nowMs, holder.ttlMs);
    ttlMs = Math.max(ttlMs, fresh ? ownMs : ownMs + clockSkewMs);
  }
  return { record: { v: 1, at: nowMs, holders, line }, ttlMs };
}

/** Is there room for one more in this mode? */
export function fits(holders: readonly Entrant[], mode: Mode, limit: number = Number.POSITIVE_INFINITY): boolean {
  if (holders.length === 0) return true;
  const places = Math.min(maxEntries, limit, ...holders.map((holder) => holder.limit ?? Number.POSITIVE_INFINITY));
  return mode !== 'write' && holders.length < places && holders.every((holder) => holder.mode === mode);
}

/**
 * The other entries that count, with their times on this host's clock. One holder alone lives as long as its key, on the
 * backend's clock. Beside sharers, who keep the key alive, a crashed one ends by its own `until`; so does a min-hold mark,
 * since whole-second TTLs outlive it.
 */
function live(record: LockRecord, isMine: IsMine, host: string, nowMs: number): readonly Entrant[] {
  const clockMs = clockOf(record, nowMs);
  const others = record.holders.filter(({ token }) => !isMine(token));
  const alone = record.holders.length === 1 && !others[0]?.minHold;
  const counting = alone
    ? others
    : others.filter((other) => other.until + (other.minHold && other.host === host ? 0 : clockSkewMs) > clockMs);
  const shiftMs = nowMs - clockMs;
  if (shiftMs === 0) return counting;
  return counting.map((other) => ({
    ...other,
    until: withinDates(other.until + shiftMs),
    ...(other.latestEnd === undefined ? {} : { latestEnd: withinDates(other.latestEnd + shiftMs) }),
  }));
}

/**
 * The time by which the record's `until`s are judged: ours, unless the record proves that its last writer's clock and ours
 * are apart, being younger than now or older than its key can be. Then nobody is struck out by a clock: no time has passed.
 */
function clockOf({ at, holders }: LockRecord, nowMs: number): number {
  if (at === undefined) return nowMs;
  const longestMs = holders.reduce((longest, { until }) => Math.max(longest, until - at), 0);
  const ageMs = nowMs - at;
  // A key outlives its entries by the skew allowed to others', and by a store's grain of whole seconds and two ticks.
  return ageMs < -clockSkewMs || ageMs > longestMs + clockSkewMs + 3_000 ? at : nowMs;
}

function without(line: readonly Waiting[], gone: string): readonly Waiting[] {
  return line.some(({ token }) => token === gone) ? line.filter(({ token }) => token !== gone) : line;
}
