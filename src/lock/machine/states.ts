/** What a machine's facts are made of. */

import type { Entrant, Identity, LockRecord, Waiting } from '../record/record.ts';
import { type Belief, type Refusal, unknownRefusal } from './orders.ts';
import type { Seat, Settle } from './seat.ts';

/** `out`, `waiting` and `held` rest; in each other state one request is under way, and only its answer leads on. */
export type State =
  /** Nothing of ours is in the record. */
  | 'out'
  /** Creates the record, with us alone in it. */
  | 'creating'
  /** Reads the record, to get in. */
  | 'looking'
  /** Writes the record with us among its holders. */
  | 'entering'
  /** Adds us to the end of the line. */
  | 'lining'
  /** Somebody waits here, in line where the store and the record allow. */
  | 'waiting'
  /** Takes us out of the line. */
  | 'quitting'
  /** Our entry is among the holders. */
  | 'held'
  /** Writes our entry anew. */
  | 'renewing'
  /** Reads the record in which our entry should be. */
  | 'rereading'
  /** Removes the record that is ours alone. */
  | 'removing'
  /** Writes the record without us, and lets in whom that makes way for. */
  | 'departing'
  /** Removes what a lock that was lost may have left. */
  | 'sweeping';

/** Who wants to leave or to extend, and is told what became of it. */
export interface Intent {
  readonly seat: Seat;
  readonly settle: Settle;
}

/** A write under way: what becomes of the record, and of us. */
export interface Pending {
  readonly record: LockRecord;
  /** As it is written, where our entry is all of it. */
  readonly text?: string;
  /** Our entry as it is being written; none: others are let in, or we go. */
  readonly me?: Entrant;
  /** Our place in the line as it is being written. */
  readonly waiting?: Waiting | undefined;
  /** Whoever takes its place when it is done, without having stood in the queue. */
  readonly handed?: Seat;
  /** The token of the entry that leaves this process when it is done. */
  readonly handsOver?: string;
}

/** A holder of another process. */
export interface Seen {
  readonly entrant: Entrant;
  readonly untilMs: number;
}

/** What will be so, from what has been. */
export type Guess = 'no' | 'rather not' | 'rather' | 'yes';

/** What this process knows of a resource that it has met others at. Most resources never have one. */
export interface Acquaintance {
  /** The record as it was last seen while we were not in it. */
  belief: Belief | undefined;
  /** Who was in the way at the last look. */
  refusal: Refusal;
  /** On the monotonic clock: until then whoever was seen can be there. */
  untilMonoMs: number;
  /** The holders at the last look, and until when, on the wall clock, each may still be working. */
  seen: readonly Seen[];
  /** The holders of whom the store called last, and when, on the monotonic clock: an answer to what was sent before may be older. */
  heard: readonly Seen[];
  heardMonoMs: number;
  /** The first holder seen, since when, and how often it was looked at. */
  holder: string | undefined;
  holderMonoMs: number;
  looks: number;
  /** From one turn to the next: as it was seen last, and the less of the last two times, since one long turn says nothing. */
  lastPaceMs: number;
  paceMs: number;
  /** How long our own turns usually take. */
  usualMs: number | undefined;
  /** Whoever comes finds it taken. */
  taken: Guess;
  /** Others write during a stay of ours: one that leaves alone, and one beside others. */
  changed: { alone: Guess; shared: Guess };
  /** Tokens of ours whose requests were never answered, until when they can be in the record, and until when they keep a shortest hold. */
  doubtful: readonly { readonly token: string; readonly untilMonoMs: number; readonly keptUntilMs: number }[];
}

/** Nobody has been met yet. */
export function stranger(): Acquaintance {
  return {
    belief: undefined,
    refusal: unknownRefusal,
    untilMonoMs: 0,
    seen: [],
    heard: [],
    heardMonoMs: 0,
    holder: undefined,
    holderMonoMs: 0,
    looks: 0,
    lastPaceMs: 0,
    paceMs: 0,
    usualMs: undefined,
    taken: 'rather not',
    changed: { alone: 'rather not', shared: 'yes' },
    doubtful: [],
  };
}

/** What surrounds a machine and does not change. */
export interface Surroundings {
  readonly identity: Identity;
  /** May others wait in the record? */
  readonly canLine: boolean;
  /** Does the store call when a record changes? */
  readonly isCalled: boolean;
  /** More than these may not wait here. */
  readonly maxWaiters: number;
  /** Nothing is to be remembered any more. */
  readonly isClosing: boolean;
}
