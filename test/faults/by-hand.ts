/** Histories written by hand, for tests of the checker. */
import { check, type FindingKind } from './check.ts';
import type { Line } from './history.ts';
import type { Terms } from './terms.ts';

export const terms: Terms = { ttlMs: 1_000, timeoutMs: 300, slackMs: 400 };
export const limitMs = 4_000;

interface Held {
  readonly resource?: string;
  readonly mode?: 'write' | 'append' | 'read';
  readonly isProtected?: boolean;
  /** Times at which the store confirmed it; the first is the acquisition. Default: its start, and every 300 ms. */
  readonly confirmed?: readonly number[];
  readonly released?: 'ours' | 'not-ours' | 'failed';
}

/** A turn that asked, held and looked from `from` to `to`, and let go. */
export function held(worker: string, from: number, to: number, options: Held = {}): Line[] {
  const { resource = 'events', mode = 'write', isProtected = true, released = 'ours' } = options;
  const about = { worker, turn: from };
  const confirmed = options.confirmed ?? Array.from({ length: Math.ceil((to - from) / 300) || 1 }, (_, beat) => from + beat * 300);
  return [
    { what: 'ask', at: from, ...about, needs: [{ resource, mode }], limitMs },
    ...confirmed.map((at): Line => ({ what: 'confirmed', at, until: at, worker, resource })),
    { what: 'acquired', at: from, ...about, isProtected, holdMs: to - from },
    { what: 'look', at: from, ...about },
    { what: 'look', at: to, ...about },
    { what: 'done', at: to, ...about, limitMs },
    { what: 'released', at: to + 1, ...about, outcome: released },
  ];
}

/** A turn that was told "busy". */
export function refused(worker: string, at: number, resource = 'events'): Line[] {
  const about = { worker, turn: at };
  return [
    { what: 'ask', at, ...about, needs: [{ resource, mode: 'write' }], limitMs },
    { what: 'busy', at: at + 1, ...about, resource },
  ];
}

/** A turn that held from `from`, looked until `to`, and then was told that the lock is lost. */
export function lost(
  worker: string,
  from: number,
  to: number,
  reason: 'vanished' | 'stolen' | 'expired' = 'vanished',
  confirmed = [from],
): Line[] {
  const about = { worker, turn: from };
  return [
    ...held(worker, from, to, { confirmed }).filter(({ what }) => what !== 'done' && what !== 'released'),
    { what: 'lost', at: to + 1, ...about, reason },
    { what: 'done', at: to + 1, ...about, limitMs },
    { what: 'released', at: to + 2, ...about, outcome: 'not-ours' },
  ];
}

export const kindsOf = (...parts: readonly (readonly Line[])[]): readonly FindingKind[] => [
  ...new Set(check(parts.flat(), terms).findings.map(({ kind }) => kind)),
];
export const flushed = (at: number, until = at + 5): Line[] => [{ what: 'forgot', at, until, everything: true }];
