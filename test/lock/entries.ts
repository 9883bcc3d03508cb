import type { Mode } from '../../src/lock/holder.ts';
import type { Entrant, LockRecord, Waiting } from '../../src/lock/record/record.ts';

/** The moment of these records, by the clock of whoever wrote them. */
export const now = 1_000_000;

/** One that came now and lives for ten seconds. */
export function entrant(token: string, mode: Mode, more: Partial<Entrant> = {}): Entrant {
  return { token, mode, host: 'here', pid: 1, since: now, ttlMs: 10_000, until: now + 10_000, beat: 1, line: true, ...more };
}

/** One that came now to wait for ten seconds, and looks every second. */
export function waiting(token: string, mode: Mode, more: Partial<Waiting> = {}): Waiting {
  return { token, mode, host: 'there', pid: 2, since: now, ttlMs: 10_000, maxHoldMs: 60_000, maxWaitMs: 10_000, pauseMs: 1_000, ...more };
}

export function recordOf(holders: readonly Entrant[], line: readonly Waiting[] = [], at: number = now): LockRecord {
  return { v: 1, at, holders, line };
}

export function tokensOf(entries: readonly { readonly token: string }[]): string[] {
  return entries.map(({ token }) => token);
}
