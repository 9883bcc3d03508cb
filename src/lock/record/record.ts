/**
 * What is written under a resource's key: who holds it, and who waits for it in which order. The same text on every store,
 * so that writers in other languages can join: a line of JSON for the holders, then one for each who came to wait or left.
 */
import { type Holder, hideToken, type Mode } from '../holder.ts';
import { isDateMs, isDurationMs } from './dates.ts';

/** Who writes. */
export interface Identity {
  readonly host: string;
  readonly pid: number;
}

/** One holder as it stands in the record. Times are milliseconds since 1970, on the clock of whoever wrote the record last. */
export interface Entrant {
  readonly token: string;
  readonly mode: Mode;
  readonly job?: string | undefined;
  readonly host: string;
  readonly pid: number;
  /** On the holder's own clock. */
  readonly since: number;
  /** `since` + maxHoldMs; absent when maxHoldMs is Infinity. */
  readonly latestEnd?: number | undefined;
  readonly ttlMs: number;
  /** When this entry ends unless it is renewed; for `min-hold`, when it ends for good. */
  readonly until: number;
  /** Counts writes, so that no two written values are equal. */
  readonly beat: number;
  /** Set once the holder has let go but others must still wait until `until`. */
  readonly minHold?: true;
  /** Its writer knows lines: others may line up behind it. */
  readonly line?: true | undefined;
  /** How long its own holds usually take here: whoever waits looks then. */
  readonly usualMs?: number | undefined;
  /** The same of whoever let it in, until it has held it itself. */
  readonly guessMs?: number | undefined;
  /** At most so many in this mode at once. */
  readonly limit?: number | undefined;
}

/** One who waits, as it stands in the line. */
export interface Waiting {
  readonly token: string;
  readonly mode: Mode;
  readonly job?: string | undefined;
  readonly host: string;
  readonly pid: number;
  readonly since: number;
  readonly ttlMs: number;
  /** Absent when it is Infinity. */
  readonly maxHoldMs?: number | undefined;
  /** It gives up after so long. */
  readonly maxWaitMs: number;
  /** It looks this often at least: so long it may take until it knows that it was granted. */
  readonly pauseMs: number;
  readonly usualMs?: number | undefined;
  readonly limit?: number | undefined;
}

export interface LockRecord {
  readonly v: 1;
  /** When it was written last, on that writer's clock. 0.1.0 leaves it out. */
  readonly at?: number;
  readonly holders: readonly Entrant[];
  readonly line: readonly Waiting[];
}

const nobody: readonly Waiting[] = [];
const maxJobBytes = 128;

/** The text under a key. `line` is its lines, so that a writer who does not know them takes the record for unreadable, and so for busy. */
export function encodeRecord({ at, holders, line }: LockRecord): string {
  let text = at === undefined ? '{"v":1,"holders":[' : `{"v":1,"at":${at},"holders":[`;
  for (let index = 0; index < holders.length; index++) text += `${index === 0 ? '' : ','}${JSON.stringify(holders[index])}`;
  text += ']}';
  for (const waiting of line) text += encodeWaiting(waiting);
  return text;
}

/** What was encoded alone last, around its token. */
let last: { readonly at: number; readonly holder: Entrant; readonly before: string; readonly behind: string } | undefined;

/**
 * The record of one holder alone, as `encodeRecord` would write it. Most records are, and those of one millisecond mostly differ by
 * their tokens alone: then this takes a twentieth of the time.
 */
export function encodeAlone(at: number, holder: Entrant): string {
  if (last === undefined || last.at !== at || !isAlike(last.holder, holder)) {
    const text = encodeRecord({ v: 1, at, holders: [holder], line: nobody });
    const start = text.indexOf(tokenFollows) + tokenFollows.length;
    last = { at, holder, before: text.slice(0, start), behind: text.slice(start + holder.token.length) };
  }
  return last.before + holder.token + last.behind;
}

const tokenFollows = '"token":"';

/** Do they differ by their tokens at most? */
function isAlike(one: Entrant, other: Entrant): boolean {
  return (
    one.since === other.since &&
    one.until === other.until &&
    one.ttlMs === other.ttlMs &&
    one.latestEnd === other.latestEnd &&
    one.beat === other.beat &&
    one.mode === other.mode &&
    one.job === other.job &&
    one.host === other.host &&
    one.pid === other.pid &&
    one.usualMs === other.usualMs &&
    one.guessMs === other.guessMs &&
    one.limit === other.limit &&
    one.line === other.line &&
    one.minHold === other.minHold
  );
}

/** What somebody who comes to wait adds to the text. */
export function encodeWaiting(waiting: Waiting): string {
  return `\n${JSON.stringify(waiting)}`;
}

/** What somebody who waits no longer adds to the text. */
export function encodeGone(token: string): string {
  return `\n${JSON.stringify({ gone: token })}`;
}

/** The record in a text, or `undefined` for what this version cannot read: garbage, or a newer `v`. */
export function decodeRecord(text: string): LockRecord | undefined {
  try {
    const end = text.indexOf('\n');
    const record = JSON.parse(end === -1 ? text : text.slice(0, end)) as LockRecord;
    if (record?.v !== 1 || !Array.isArray(record.holders) || !record.holders.every(isEntrant)) return undefined;
    if (record.at !== undefined && !isDateMs(record.at)) return undefined;
    const line = end === -1 ? nobody : decodeLine(text.slice(end + 1));
    return line === undefined ? undefined : { ...record, line };
  } catch {
    return undefined;
  }
}

/** A holder as people see it. */
export function toHolder(resource: string, entrant: Entrant): Holder {
  // Of work that has ended nothing is left but its shortest hold.
  const latestEnd = entrant.minHold ? entrant.until : entrant.latestEnd;
  return hideToken({
    ...named(resource, entrant),
    ...(latestEnd === undefined ? {} : { latestEnd: new Date(latestEnd) }),
    state: entrant.minHold ? 'min-hold' : 'holding',
    ...(entrant.limit === undefined ? {} : { seats: 1, limit: entrant.limit }),
  });
}

/** One who waits, as people see it. `place`: in line, from 1. */
export function toWaitingHolder(resource: string, waiting: Waiting, place: number): Holder {
  return hideToken({
    ...named(resource, waiting),
    state: 'waiting',
    place,
    ...(waiting.limit === undefined ? {} : { seats: 1, limit: waiting.limit }),
  });
}

/** A job's name as it goes into records: at most 128 bytes, cut at a character. */
export function jobName(job: string | undefined): string | undefined {
  if (job === undefined || job.length * 3 <= maxJobBytes || Buffer.byteLength(job) <= maxJobBytes) return job;
  let cut = '';
  for (const character of job) {
    if (Buffer.byteLength(cut + character) > maxJobBytes - 3) break;
    cut += character;
  }
  return `${cut}…`;
}

/** What holders and those who wait have in common. */
function named(resource: string, { mode, token, job, host, pid, since }: Entrant | Waiting): Omit<Holder, 'state'> {
  return { resource, mode, token, ...(job === undefined ? {} : { job }), host, pid, since: new Date(since) };
}

/** In the order in which they came, once each, without those who left. */
function decodeLine(text: string): readonly Waiting[] | undefined {
  const line = new Map<string, Waiting>();
  const gone = new Set<string>();
  for (const each of text.split('\n')) {
    const entry = JSON.parse(each) as Waiting & { readonly gone?: string };
    if (typeof entry?.gone === 'string') gone.add(entry.gone);
    else if (!isWaiting(entry)) return undefined;
    else if (!line.has(entry.token)) line.set(entry.token, entry);
  }
  for (const token of gone) line.delete(token);
  return [...line.values()];
}

function isEntrant(value: unknown): value is Entrant {
  const entrant = value as Entrant;
  return (
    isNamed(entrant) &&
    (entrant.latestEnd === undefined || isDateMs(entrant.latestEnd)) &&
    isDateMs(entrant.until) &&
    (entrant.guessMs === undefined || isDurationMs(entrant.guessMs)) &&
    Number.isFinite(entrant.beat)
  );
}

function isWaiting(value: unknown): value is Waiting {
  const waiting = value as Waiting;
  return (
    isNamed(waiting) &&
    isDurationMs(waiting.pauseMs) &&
    isDurationMs(waiting.maxWaitMs) &&
    (waiting.maxHoldMs === undefined || isDurationMs(waiting.maxHoldMs))
  );
}

function isNamed(value: Entrant | Waiting): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof value.token === 'string' &&
    (value.mode === 'write' || value.mode === 'append' || value.mode === 'read') &&
    (value.job === undefined || typeof value.job === 'string') &&
    typeof value.host === 'string' &&
    isDateMs(value.since) &&
    Number.isFinite(value.pid) &&
    isDurationMs(value.ttlMs) &&
    (value.usualMs === undefined || isDurationMs(value.usualMs)) &&
    (value.limit === undefined || Number.isFinite(value.limit))
  );
}
