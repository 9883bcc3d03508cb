import type { Need } from '../lock/options.ts';
import type { Holds } from './holds.ts';

/** When a job asks for its tables: by a schedule, or so often in each hour of the day (UTC), at no regular times. */
export type Rhythm = { readonly cron: string; readonly timezone: string | undefined } | { readonly perHour: readonly number[] };

/** A job that is played. */
export interface Job {
  readonly name: string;
  readonly rhythm: Rhythm;
  readonly origin: 'config' | 'journal';
  /** Of a rhythm from the journal: the share of its starts and fires that fit one another. */
  readonly sureness: number | undefined;
  /** In the order in which the lock takes them. */
  readonly needs: readonly Need[];
  readonly holds: Holds;
  readonly waits: boolean;
  readonly maxWaitMs: number;
  readonly minHoldMs: number;
  readonly maxHoldMs: number;
  /** It gives up waiting shortly before its next fire, as `schedule` does. */
  readonly waitsWithinPeriod: boolean;
  readonly instances: number;
  readonly after: string | undefined;
}
