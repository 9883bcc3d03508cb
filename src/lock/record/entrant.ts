import type { Mode } from '../holder.ts';
import { type Entrant, latestDateMs } from './record.ts';

/** Who writes. */
export interface Identity {
  readonly host: string;
  readonly pid: number;
}

/** What an entry says about itself. */
export interface EntryTerms {
  readonly job: string | undefined;
  readonly ttlMs: number;
  readonly maxHoldMs: number;
  readonly usualMs?: number | undefined;
  readonly limit?: number | undefined;
  /** Set by who knows lines. */
  readonly line?: true;
}

/** An entry as it is to be written at `wallMs`. `beat`: how often it was written. */
export function entrantOf(
  { host, pid }: Identity,
  token: string,
  mode: Mode,
  { job, ttlMs, maxHoldMs, usualMs, limit, line }: EntryTerms,
  sinceMs: number,
  wallMs: number,
  beat = 1,
): Entrant {
  const latestEnd = Math.round(sinceMs + maxHoldMs);
  return {
    token,
    mode,
    job,
    host,
    pid,
    since: sinceMs,
    latestEnd: latestEnd > latestDateMs ? undefined : latestEnd,
    ttlMs,
    until: wallMs + ttlMs,
    beat,
    line,
    usualMs,
    limit,
  };
}
