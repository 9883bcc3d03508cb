import type { StorePlace } from '../lock-store.ts';
import type { Load } from './loads.ts';

/** The ways to keep writers apart, in the order in which they are reported. */
export const contenders = ['no lock', 'ideal', 'naive', 'giveway'] as const;
export type Contender = (typeof contenders)[number];

export interface Setup {
  readonly warehouse: string;
  readonly store: StorePlace;
  readonly idealPort: number;
  /** Which of the processes this is, from 0. */
  readonly worker: number;
}

export interface Round {
  readonly contender: Contender;
  readonly load: Load;
  readonly ms: number;
}

export type Kind = 'inserts' | 'jobs' | 'reads';

/** What one process did in a round. */
export interface Tally {
  readonly ms: number;
  readonly conflicts: number;
  /** To the lock store. */
  readonly requests: number;
  readonly deletedRows: number;
  /** How long each took whoever asked for it, waits and retries included, in milliseconds. */
  readonly timesMs: Readonly<Record<Kind, readonly number[]>>;
}
