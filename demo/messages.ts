import type { Warehouse } from './database.ts';

/** What a worker needs to know before its first round. */
export interface Setup {
  readonly warehouse: Warehouse;
  readonly locks: Locks;
  /** Which of the `workers` this one is, from 0. */
  readonly worker: number;
  readonly workers: number;
}

/** Where the locks live. */
export interface Locks {
  readonly store: string;
  readonly namespace: string;
}

export interface Round {
  readonly giveway: boolean;
  readonly ms: number;
  readonly load: Load;
}

/** What a worker does: the two scheduled jobs, insert batches, API requests. */
export const kinds = ['updates', 'rollups', 'batches', 'reads'] as const;
export type Kind = (typeof kinds)[number];

/** All workers together: how many loops do each kind of work, pause, and start again. */
export type Load = Readonly<Record<Kind, { readonly loops: number; readonly pauseMs: number }>>;

/** What was done, and how often the database aborted a transaction of that kind for a conflict. */
export type Tally = Readonly<Record<Kind, { done: number; conflicts: number }>>;

export interface RoundResult {
  readonly tally: Tally;
  readonly ms: number;
  /** How long each took whoever asked for it, waits and retries included. */
  readonly timesMs: Readonly<Record<Kind, readonly number[]>>;
  /** How often the lock store did not answer, so that work ran unprotected. */
  readonly storeDowns: number;
}

export type Order = { readonly setup: Setup } | { readonly round: Round };
export type Reply = 'ready' | { readonly progress: Tally } | { readonly result: RoundResult } | { readonly failed: string };

export function perKind<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return Object.fromEntries(kinds.map((kind) => [kind, make(kind)])) as Record<Kind, T>;
}

export function sumTallies(tallies: readonly Tally[]): Tally {
  const total = (pick: (tally: Tally) => number): number => tallies.reduce((sum, tally) => sum + pick(tally), 0);
  return perKind((kind) => ({ done: total((tally) => tally[kind].done), conflicts: total((tally) => tally[kind].conflicts) }));
}

export function conflictsIn(tally: Tally): number {
  return kinds.reduce((sum, kind) => sum + tally[kind].conflicts, 0);
}
