import type { Statement } from '../statements.ts';
import type { Transaction } from '../transaction.ts';

/** A transaction as a log shows it. */
export interface Logged extends Transaction {
  statements: readonly Statement[];
  readonly vxid: string;
  /** Its first line. */
  readonly fromMs: number;
  /** Its last line so far; once it is over, its end, at the latest. */
  toMs: number;
  /** Its `BEGIN` is in the log, so its end will be. */
  readonly isBounded: boolean;
  isOver: boolean;
  /** Rolled back or aborted: no other one is aborted because of it. */
  isUndone: boolean;
}

export interface Past {
  /** A transaction is over: its session has said so, or has begun another at `atMs`. */
  add(transaction: Logged, atMs: number): void;
  /** Who ran while `victim` did, which was aborted at `atMs`. */
  beside(victim: Logged, atMs: number): readonly Logged[];
  /** Forgets the sessions that have long been silent, now and then. */
  tidy(nowMs: number): void;
}

// A transaction without BEGIN and COMMIT in the log began before its first statement and ended after its last: by so much at most.
const unseenMs = 1_000;
// A session that has said nothing for so long within a transaction is taken to be gone: a lost connection leaves no line.
const longestSilenceMs = 600_000;
// At some 200 bytes each. Those that are older count as over before any transaction that still runs.
const mostKept = 2_000;
// Few: what outlives two of V8's young collections is garbage until a full one. With 1 000 nearly all of them did, 30 MB at a time.
const addedBetweenForgetting = 250;
const sessionsBetweenTidying = 1_000;
// At work at the end, and as many that had ended by then: beside more, nobody can be told apart.
const mostBeside = 300;

/** Keeps the transactions that are over for as long as one runs that they ran beside. */
export function createPast(sessions: () => Map<number, { readonly open: Logged | undefined }>): Past {
  let over: Logged[] = [];
  let newSessions = 0;
  let forgetAt = addedBetweenForgetting;

  const forget = (): void => {
    const lastMs = over.at(-1)?.toMs ?? 0;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { open } of sessions().values()) {
      if (open?.isBounded && reaches(open, lastMs)) oldestMs = Math.min(oldestMs, beganMs(open));
    }
    const sinceMs = Math.min(oldestMs, lastMs) - 2 * unseenMs;
    over = over.filter((one) => one.toMs >= sinceMs).slice(-mostKept);
    forgetAt = over.length + addedBetweenForgetting;
  };

  return {
    add(transaction, atMs) {
      transaction.isOver = true;
      transaction.toMs = transaction.isBounded ? atMs : Math.min(atMs, transaction.toMs + unseenMs);
      if (transaction.isUndone || transaction.statements.length === 0) return;
      over.push(transaction);
      if (over.length >= forgetAt) forget();
    },
    beside(victim, atMs) {
      const fromMs = beganMs(victim);
      const isBeside = (one: Logged): boolean =>
        one !== victim && !one.isUndone && one.statements.length > 0 && reaches(one, fromMs) && !(one.fromMs > atMs);
      const found: Logged[] = [];
      for (const { open } of sessions().values()) {
        if (open !== undefined && isBeside(open)) found.push(open);
      }
      if (found.length > mostBeside) found.sort((a, b) => b.toMs - a.toMs).length = mostBeside;
      // The latest come last, and time runs backwards in no log by more than its writers' delay.
      for (let at = over.length - 1; at >= 0 && found.length < 2 * mostBeside; at -= 1) {
        const one = over[at];
        // What ended in times to come ended before the clock was put back.
        if (one === undefined || one.toMs < fromMs - 2 * unseenMs || one.toMs > atMs + longestSilenceMs) break;
        if (isBeside(one)) found.push(one);
      }
      return found;
    },
    tidy(nowMs) {
      newSessions += 1;
      if (newSessions % sessionsBetweenTidying !== 0) return;
      for (const [pid, { open }] of sessions()) {
        if (open === undefined || open.toMs < nowMs - longestSilenceMs) sessions().delete(pid);
      }
    },
  };
}

function beganMs({ isBounded, fromMs }: Logged): number {
  return isBounded ? fromMs : fromMs - unseenMs;
}

/** Did it still run at that time? */
function reaches({ isBounded, isOver, toMs }: Logged, timeMs: number): boolean {
  if (isOver) return toMs >= timeMs;
  return toMs + (isBounded ? longestSilenceMs : unseenMs) >= timeMs;
}
