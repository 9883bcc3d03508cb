/** The rules of safety: who believed in a lock, when, and whether it may have. Pure. */
import type { Line } from './history.ts';
import type { Terms } from './terms.ts';
import { type Breach, belief, contested, nameOf, type Turn } from './turns.ts';

/** Two incompatible holders that believed at once. */
export interface Overlap {
  /** Whose claim is older. */
  readonly stale: Turn;
  readonly fresh: Turn;
  readonly resource: string;
  readonly from: number;
  readonly to: number;
  /** The store had forgotten the older claim, and its holder learned of that in time. */
  readonly isExplained: boolean;
}

type Forgot = Extract<Line, { what: 'forgot' }>;

export function overlapsIn(turns: readonly Turn[], history: readonly Line[], terms: Terms): readonly Overlap[] {
  const forgets = forgetsIn(history);
  const confirmed = confirmations(history);
  const believers = turns.flatMap((turn) => {
    const span = belief(turn);
    return span === undefined ? [] : [{ turn, ...span }];
  });
  believers.sort((a, b) => a.from - b.from);
  const overlaps: Overlap[] = [];
  for (const [index, first] of believers.entries()) {
    for (const second of believers.slice(index + 1)) {
      const { from } = second;
      if (from >= first.to) break;
      const resource = contested(first.turn, second.turn);
      if (resource === undefined) continue;
      const confirmedAt = (believer: Believer): number => lastConfirmed(confirmed, believer.turn, resource, from);
      const [stale, fresh] = confirmedAt(first) <= confirmedAt(second) ? [first, second] : [second, first];
      // The newer one could come in because the older one's record was gone; that one must learn of it by its next heartbeat.
      const isExplained = forgets.some(
        ({ at, until }) => confirmedAt(stale) <= until && fresh.from >= at && stale.to <= Math.min(until, from) + heartbeatMs(terms),
      );
      overlaps.push({ stale: stale.turn, fresh: fresh.turn, resource, from, to: Math.min(first.to, second.to), isExplained });
    }
  }
  return overlaps;
}

interface Believer {
  readonly turn: Turn;
  readonly from: number;
  readonly to: number;
}

/** From the moment a record is gone until its holder knows: a third of the TTL to the next heartbeat, and its answer. */
function heartbeatMs({ ttlMs, slackMs }: Terms): number {
  return ttlMs / 3 + slackMs;
}

/** P4: nobody frees what another one holds. Seen from both sides: who freed too much, and who missed what nobody may have taken. */
export function strangersFreed(turns: readonly Turn[], history: readonly Line[], terms: Terms): readonly Breach[] {
  const confirmed = confirmations(history);
  const freed = history.flatMap((line) => {
    if (line.what !== 'removed') return [];
    const { worker, resource, at, until } = line;
    const victim = turns.find(
      (turn) =>
        turn.worker !== worker &&
        turn.needs.some((need) => need.resource === resource) &&
        believesThroughout(turn, at, until) &&
        lastConfirmed(confirmed, turn, resource, at) > lastConfirmed(confirmed, line, resource, at),
    );
    return victim === undefined
      ? []
      : [{ at, worker, text: `${worker} removed the record of "${resource}" while ${nameOf(victim)} held it` }];
  });
  const missed = turns.flatMap((turn) => {
    const miss = turn.isProtected ? missedAt(turn) : undefined;
    if (miss === undefined) return [];
    // What its process confirms once the work is done is the next one's, though the answer to the release may come later.
    const last = Math.min(miss.at, turn.done?.at ?? miss.at);
    const oldest = Math.min(...turn.needs.map(({ resource }) => lastConfirmed(confirmed, turn, resource, last)));
    const isForgotten = forgetsIn(history).some(({ at, until }) => oldest <= until && at <= miss.at);
    if (miss.at > oldest + terms.ttlMs || isForgotten || isInDoubt(turn, miss.at, turns, history)) return [];
    return [
      { at: miss.at, worker: turn.worker, text: `the lock of ${nameOf(turn)} ${miss.how} before its deadline: somebody else freed it` },
    ];
  });
  return [...freed, ...missed];
}

function believesThroughout(turn: Turn, from: number, to: number): boolean {
  const span = belief(turn);
  return span !== undefined && span.from <= from && span.to >= to;
}

/**
 * While answers got lost somebody else may have come between a release and the look at what had become of it, answered or not:
 * another sharer, too, leaves a record in which the entry is missing.
 */
function isInDoubt(turn: Turn, at: number, turns: readonly Turn[], history: readonly Line[]): boolean {
  const { done } = turn;
  if (done === undefined) return false;
  const isDoubted = (line: Line): boolean =>
    line.what === 'doubted' && line.at <= at && line.until >= done.at && (line.worker ?? turn.worker) === turn.worker;
  if (!history.some(isDoubted)) return false;
  return turns.some((other) => {
    const answeredAt = other.answer?.at ?? Number.POSITIVE_INFINITY;
    return (
      other !== turn &&
      other.askedAt <= at &&
      answeredAt >= done.at &&
      // Of two resources it may have had one for a moment, before the other turned out to be busy.
      (other.answer?.what !== 'busy' || other.needs.length > 1) &&
      other.needs.some(({ resource }) => turn.needs.some((need) => need.resource === resource))
    );
  });
}

/** When the record was found to be somebody else's, or gone. */
function missedAt({ lost, released }: Turn): { readonly at: number; readonly how: string } | undefined {
  if (lost !== undefined)
    return lost.reason === 'vanished' || lost.reason === 'stolen' ? { at: lost.at, how: `was lost (${lost.reason})` } : undefined;
  return released?.outcome === 'not-ours' ? { at: released.at, how: 'was not there at its release' } : undefined;
}

/** P6: a lock says "held" no longer than its deadline, and no longer than a heartbeat after the store has forgotten everything. */
export function lateLosses(turns: readonly Turn[], history: readonly Line[], terms: Terms): readonly Breach[] {
  const confirmed = confirmations(history);
  const emptied = forgetsIn(history).filter(({ everything }) => everything);
  return turns.flatMap((turn) => {
    const span = belief(turn);
    if (span === undefined) return [];
    const overdue = turn.looks.find((at) =>
      turn.needs.some(({ resource }) => at > lastConfirmed(confirmed, turn, resource, at) + terms.ttlMs),
    );
    if (overdue !== undefined)
      return [{ at: overdue, worker: turn.worker, text: `${nameOf(turn)} believed in its lock after its deadline` }];
    // Of two resources one may have been held long before both were. A record that was put back is no excuse.
    const oldest = Math.min(
      turn.answer?.at ?? span.from,
      ...turn.needs.map(({ resource }) => lastConfirmed(confirmed, turn, resource, span.to)),
    );
    const forgot = emptied.find(({ at, until }) => oldest < at && span.to > until + heartbeatMs(terms));
    return forgot === undefined
      ? []
      : [{ at: span.to, worker: turn.worker, text: `${nameOf(turn)} was not told in time that the store had forgotten its lock` }];
  });
}

function forgetsIn(history: readonly Line[]): readonly Forgot[] {
  return history.filter((line) => line.what === 'forgot');
}

interface Confirmation {
  readonly at: number;
  readonly until: number;
}

type Confirmations = ReadonlyMap<string, readonly Confirmation[]>;

function confirmations(history: readonly Line[]): Confirmations {
  const found = new Map<string, Confirmation[]>();
  for (const line of history) {
    if (line.what !== 'confirmed') continue;
    const id = `${line.worker} ${line.resource}`;
    const times = found.get(id);
    if (times === undefined) found.set(id, [line]);
    else times.push(line);
  }
  return found;
}

/** When the store last confirmed a worker's entry, counted from before the request. What was not answered by `at` told the worker nothing. */
function lastConfirmed(confirmed: Confirmations, { worker }: { readonly worker: string }, resource: string, at: number): number {
  return confirmed.get(`${worker} ${resource}`)?.findLast(({ until }) => until <= at)?.at ?? Number.NEGATIVE_INFINITY;
}
