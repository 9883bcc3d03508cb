import type { Now } from '../clock.ts';
import type { Entrant, LockRecord, Waiting } from '../record/record.ts';
import type { Version } from '../store.ts';

/** What a machine wants done. The shell does it, and brings the answer as the next event: one request at a time. */
export interface Orders {
  read(): void;
  create(value: string, ttlMs: number): void;
  replace(value: string, version: Version, ttlMs: number): void;
  remove(version: Version): void;
  append(text: string, version: Version): void;
  /**
   * Bring the event `woke` then, on the monotonic clock, and not when it was said before. `Infinity`: never. `isAwaited`: somebody's
   * call hangs on it alone, so the process must not end before.
   */
  wakeAt(monoMs: number, now: Now, isAwaited?: boolean): void;
  /** Bring the event `changed` when the store calls, or no longer. */
  watch(isWanted: boolean): void;
  /** Nothing is held, wanted, under way or worth remembering. */
  rest(): void;
  /** Something about the record that an operator should see. */
  notice(message: string): void;
  newToken(): string;
  /** From 0 to 1, another one each time: keeps processes from acting in step. */
  luck(): number;
}

/** A resource held against us. `blockers` and `ahead` are empty when the record could not be read or is not known. */
export interface Refusal {
  readonly blockers: readonly Entrant[];
  readonly ahead: readonly Waiting[];
  /** So many wait here already that nobody else may. */
  readonly isCrowded?: true;
}

/** A record as it was last seen or written. */
export interface Belief {
  readonly record: LockRecord;
  readonly version: Version;
  readonly monoMs: number;
}

export const unknownRefusal: Refusal = { blockers: [], ahead: [] };
