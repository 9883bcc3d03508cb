/**
 * What is written under a resource's key: who holds it, as JSON. The same text on every store, so that
 * writers in other languages can join.
 */

/** `write` excludes everybody; `append` goes with `append`; `read` goes with `read`. */
export type Mode = 'write' | 'append' | 'read';

/** One holder as it stands in the record. Times are milliseconds since 1970 on the holder's host. */
export interface Entrant {
  readonly token: string;
  readonly mode: Mode;
  readonly job?: string;
  readonly host: string;
  readonly pid: number;
  readonly since: number;
  /** `since` + maxHoldMs; absent when maxHoldMs is Infinity. */
  readonly latestEnd?: number;
  readonly ttlMs: number;
  /** When this entry ends unless it is renewed; for `min-hold`, when it ends for good. */
  readonly until: number;
  /** Counts writes, so that no two written values are equal. */
  readonly beat: number;
  /** Set once the holder has let go but others must still wait until `until`. */
  readonly minHold?: true;
}

export interface LockRecord {
  readonly v: 1;
  readonly holders: readonly Entrant[];
}

/** Who holds a resource, as told to people and programs. */
export interface Holder {
  readonly resource: string;
  readonly mode: Mode;
  readonly token: string;
  readonly job?: string;
  readonly host: string;
  readonly pid: number;
  readonly since: Date;
  readonly latestEnd?: Date;
  readonly state: 'holding' | 'min-hold' | 'waiting';
}
