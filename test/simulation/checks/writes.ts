/** P4, seen from the store: nobody takes out or changes what belongs to another one that is alive. */
import type { Change } from '../backend.ts';
import type { Report } from '../breaches.ts';
import { holdersIn, type Written } from '../records.ts';

const clockSkewMs = 2_000;

export interface Writes {
  /** The backend has done this. */
  changed(change: Change): void;
  /** Who first wrote a token. */
  ownerOf(token: string): string | undefined;
  /** A lock is on its way to another process: its entries may be taken over. */
  handedOver(tokens: readonly string[]): void;
  isHandedOver(token: string): boolean;
  /** When the entry of a crashed process ends, by its own last write. */
  endOf(key: string, token: string): number;
  /** Until when the owner itself may believe in it. */
  deadlineOf(key: string, token: string): number;
}

interface Surroundings {
  readonly nowMs: () => number;
  readonly report: Report;
  /** What the wall clock of a process shows now. */
  readonly wallMs: (process: string) => number;
}

export function createWrites({ nowMs, report, wallMs }: Surroundings): Writes {
  const owners = new Map<string, string>();
  /** By key and token: one token may stand in several records. */
  const ends = new Map<string, number>();
  /** Until when the owner itself believes in it: it counts from before its request. */
  const deadlines = new Map<string, number>();
  /** The same, on the owner's wall clock: one that is set forward ends it sooner. */
  const untils = new Map<string, number>();
  const handed = new Set<string>();

  function judge({ by, key, what }: Change, entry: Written, after: Written | undefined): void {
    const owner = owners.get(entry.token);
    if (
      entry.minHold ||
      owner === undefined ||
      owner === by ||
      handed.has(entry.token) ||
      nowMs() >= (deadlines.get(`${key} ${entry.token}`) ?? 0)
    )
      return;
    if (after === undefined) report('P4', by ?? 'store', `takes the entry of ${entry.job} (${owner}) out of ${key} (${what})`);
    else if (
      after.mode !== entry.mode ||
      after.host !== entry.host ||
      isShorter(after, entry, (deadlines.get(`${key} ${entry.token}`) ?? 0) - nowMs()) ||
      after.minHold
    )
      report('P4', by ?? 'store', `changes the entry of ${entry.job} (${owner}) in ${key} (${what})`);
  }

  return {
    changed(change) {
      const { by, key, what } = change;
      if (by === undefined) return;
      for (const token of tokensIn(change.after)) if (!owners.has(token)) owners.set(token, by);
      // What stands beside a record holds nothing.
      if (key.endsWith(':wish')) return;
      const before = holdersIn(change.before);
      const after = holdersIn(change.after);
      for (const entry of before)
        judge(
          change,
          entry,
          after.find(({ token }) => token === entry.token),
        );
      // An append leaves lives as they are.
      if (what === 'append') return;
      for (const { token, ttlMs, until } of after) {
        const isOwn = owners.get(token) === by;
        // Who stood in line is made a holder by whoever leaves, and has not said so itself yet.
        const isMade = !before.some((entry) => entry.token === token);
        if (isOwn || isMade) ends.set(`${key} ${token}`, nowMs() + ttlMs);
        if (!isOwn) continue;
        deadlines.set(`${key} ${token}`, nowMs() + Math.min(ttlMs, until - wallMs(by)));
        untils.set(`${key} ${token}`, until);
      }
    },
    ownerOf: (token) => owners.get(token),
    handedOver(tokens) {
      for (const token of tokens) handed.add(token);
    },
    isHandedOver: (token) => handed.has(token),
    deadlineOf(key, token) {
      const wallLeftMs = (untils.get(`${key} ${token}`) ?? 0) - wallMs(owners.get(token) ?? '');
      return Math.min(deadlines.get(`${key} ${token}`) ?? 0, nowMs() + wallLeftMs);
    },
    endOf: (key, token) => ends.get(`${key} ${token}`) ?? 0,
  };
}

/** Times in a record are on the clock of whoever wrote it last: two may differ by the skew that is allowed for. */
function isShorter(after: Written, before: Written, owedMs: number): boolean {
  return after.leftMs === undefined ? after.until < before.until : after.leftMs + clockSkewMs < owedMs;
}

function tokensIn(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [...value.matchAll(/"token":"([^"]+)"/g)].map(([, token]) => token as string);
}
