import type { Warehouse as Place } from '../../demo/database.ts';

/** The ways to keep writers apart, in the order in which they are reported. */
export const variants = ['no lock', 'LOCK TABLE', 'naive exclusive', 'giveway', 'giveway, insertBatches'] as const;
export type Variant = (typeof variants)[number];

/** Each loop does its work, pauses, and starts again. */
export interface Load {
  readonly name: string;
  /** Loops in each worker. */
  readonly inserters: number;
  readonly insertPauseMs: number;
  /** Loops in each reading process. */
  readonly readers: number;
  readonly readPauseMs: number;
  /** The share of the time that each job works. */
  readonly jobBusy: number;
}

/** What is played besides the workload: redelivered batches with ON CONFLICT, periods that are closed while rows arrive. */
export type Check = 'redelivery' | 'periods';

export interface Setup {
  readonly place: Place;
  readonly memcached: string;
  readonly namespace: string;
  /** Which of the workers this is, from 0; of the reading processes likewise. */
  readonly worker: number;
  readonly workers: number;
}

export type Round = { readonly variant: Variant; readonly ms: number } & ({ readonly load: Load } | { readonly check: Check });

export type Kind = 'batches' | 'jobs' | 'reads';

/** What one process did in a round. */
export interface Tally {
  readonly ms: number;
  readonly conflicts: Readonly<Record<Kind, number>>;
  /** How long each took whoever asked for it, waits and retries included, in milliseconds. */
  readonly timesMs: Readonly<Record<Kind, readonly number[]>>;
}

export type Order = { readonly setup: Setup } | { readonly round: Round };
export type Reply = 'ready' | { readonly tally: Tally } | { readonly failed: string };
