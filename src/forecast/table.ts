import type { Need } from '../lock/options.ts';
import { type Admission, admit, depart } from '../lock/record/decide.ts';
import type { Entrant, LockRecord, Waiting } from '../lock/record/record.ts';

/** Whoever asks for a table in a play. */
export interface Party {
  /** Of this one request. */
  readonly token: string;
  readonly job: string;
  /** Each instance is a host of its own. */
  readonly host: string;
}

export type Refusal = Extract<Admission, { granted: false }>;

/** Longer than any hold that is played: whoever holds is renewed as long as it works. */
const livesMs = 10 * 365 * 86_400_000;

/**
 * One table in a play. Its record is kept as the lock keeps it, by the lock's own decisions; that nothing takes time, and that
 * whoever is let in knows it at once, is what a play leaves out.
 */
export class Table {
  #record: LockRecord | undefined;

  /** `undefined`: may be taken. Nothing is written. */
  refusalOf(party: Party, need: Need, nowMs: number): Refusal | undefined {
    if (this.#record === undefined) return undefined;
    const admission = admit(this.#record, entrantOf(party, need, nowMs), nowMs);
    return admission.granted ? undefined : admission;
  }

  /** Takes it; or answers why that may not be. Also for whoever was let in, and confirms it. */
  take(party: Party, need: Need, nowMs: number): Refusal | undefined {
    const admission = admit(this.#record, entrantOf(party, need, nowMs), nowMs);
    if (!admission.granted) return admission;
    this.#record = admission.record;
    return undefined;
  }

  /** To the end of the line. */
  lineUp({ token, job, host }: Party, { mode, limit }: Need, maxWaitMs: number, nowMs: number): void {
    const record = this.#record as LockRecord;
    const waiting: Waiting = { token, mode, job, host, pid: 0, since: nowMs, ttlMs: livesMs, maxWaitMs, pauseMs: 0, limit };
    this.#record = { ...record, line: [...record.line, waiting] };
  }

  leaveLine({ token }: Party): void {
    const record = this.#record as LockRecord;
    this.#record = { ...record, line: record.line.filter((waiting) => waiting.token !== token) };
  }

  /** Lets go; answers the tokens of those who were let in by that. */
  leave(party: Party, need: Need, nowMs: number, minHoldUntilMs = 0): readonly string[] {
    const found = this.#record as LockRecord;
    const departure = depart(found, entrantOf(party, need, nowMs), nowMs, { minHoldUntilMs });
    if (departure.act === 'none') return nobody;
    this.#record = departure.act === 'write' ? departure.record : undefined;
    return letIn(found, this.#record);
  }

  /** Whoever is first in line looks again, since a shortest hold may be over; answers the tokens of those who are in then. */
  look(nowMs: number): readonly string[] {
    const found = this.#record;
    const head = found?.line[0];
    if (found === undefined || head === undefined) return nobody;
    const party = { token: head.token, job: head.job ?? '', host: head.host };
    if (this.take(party, { resource: '', mode: head.mode, limit: head.limit }, nowMs) !== undefined) return nobody;
    return letIn(found, this.#record);
  }
}

const nobody: readonly string[] = [];

function entrantOf({ token, job, host }: Party, { mode, limit }: Need, nowMs: number): Entrant {
  return { token, mode, job, host, pid: 0, since: nowMs, ttlMs: livesMs, until: nowMs + livesMs, beat: 1, line: true, limit };
}

/** Who stood in line before, and does not any more. */
function letIn(before: LockRecord, after: LockRecord | undefined): readonly string[] {
  if (before.line.length === 0) return nobody;
  const tokens = new Set(after?.holders.map(({ token }) => token));
  return before.line.flatMap(({ token }) => (tokens.has(token) ? [token] : []));
}
