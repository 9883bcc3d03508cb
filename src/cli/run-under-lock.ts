import { constants } from 'node:os';
import { isDisabled } from '../config/disabled.ts';
import { isElsewhere } from '../jobs/fires.ts';
import { HeldLock } from '../lock/api/held-lock.ts';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { type GivewayError, LockLostError } from '../lock/errors.ts';
import { describeHolders, type Holder } from '../lock/holder.ts';
import { firePrefix } from '../lock/plan/names.ts';
import { latestDateMs } from '../lock/record/dates.ts';
import { startChild } from './child.ts';
import { exitCodes } from './exit-codes.ts';
import { withStore } from './failure.ts';
import type { OpenJournal } from './journal.ts';
import { openedStore } from './open.ts';
import { say } from './say.ts';
import { shownNames } from './sight.ts';
import { catchSignals } from './signals.ts';
import { take, type Wanted } from './take.ts';
import type { Terminal } from './terminal.ts';
import { jobInWords, placeInWords } from './words.ts';

export interface LockedRun extends Wanted {
  readonly terminal: Terminal;
  /** Closed at the end. */
  readonly locker: ResourceLocker;
  /** Told of the run, and closed at the end. */
  readonly journal: OpenJournal | undefined;
  readonly command: readonly string[];
  /** Its store lives in this process alone. */
  readonly excludesNobody: boolean;
  readonly graceMs: number;
  readonly busyCode: number;
  readonly isQuiet: boolean;
  readonly isJson: boolean;
}

/** Takes the scope, runs the command, lets go. Resolves to the exit code; rejects with `StoreUnavailableError` or for wrong usage. */
export async function runUnderLock(work: LockedRun): Promise<number> {
  const { locker, journal, options, busyCode } = work;
  const tell = teller(work);
  if (work.excludesNobody)
    tell('excludes-nobody', 'the store is memory, which lives in this process alone: it excludes no other process', {}, 'always');
  const waiting = new AbortController();
  let received: NodeJS.Signals | undefined;
  let pass = (signal: NodeJS.Signals): void => {
    received ??= signal;
    waiting.abort();
  };
  const signals = catchSignals((signal) => pass(signal));
  journal?.journal.observe(locker);
  locker.on('waiting', ({ resource, holders }) => {
    const place = placeBehind(holders);
    const where = place === undefined ? '' : ` at place ${place} in line`;
    tell('waiting', `waiting${where}: ${busyWith(resource, holders)}`, { resource, place, holders: shown(holders) });
  });
  let silence: unknown;
  locker.on('store-down', ({ error }) => {
    silence = error;
  });
  locker.on('release-failed', ({ error }) => {
    silence = error;
  });
  const tellSilence = (event: string, what: string, when?: 'always'): void => {
    const store = openedStore(work.terminal);
    const why = silence instanceof Error ? withStore(silence.message, store) : 'the store did not answer';
    tell(event, `${what}: ${why}`, { store, code: (silence as GivewayError | undefined)?.code }, when);
  };
  try {
    const outcome = await take(locker, { ...work, options: { ...options, signal: waiting.signal } }, async (lock) => {
      if (received !== undefined) return codeOf(received);
      const child = startChild(work.command, environmentOf(lock, work.terminal));
      pass = child.pass;
      const lost = new Promise<void>((resolve) => lock.signal.addEventListener('abort', () => resolve(), { once: true }));
      if (!lock.isProtected) tellSilence('unprotected', 'running without a lock');
      const first = await Promise.race([child.ended, lost]);
      if (first !== undefined) {
        const failure = child.failure();
        if (failure !== undefined) tell('not-executed', `cannot execute ${work.command[0] || 'nothing'}: ${failure}`, {}, 'always');
        return first;
      }
      tell('lost', `${lossOf(lock)} Stopping the command.`, {}, 'always');
      await child.stop(work.graceMs);
      return exitCodes.lockLost;
    });
    if (outcome.status === 'ran') {
      if (outcome.release === 'not-ours' && outcome.value !== exitCodes.lockLost)
        tell('overlapped', 'the lock was gone before the command ended; others may have run beside it', {}, 'always');
      if (outcome.release === 'failed') tellSilence('release-failed', 'the lock could not be let go and ends with its TTL', 'always');
      return outcome.value;
    }
    const { reason, resource, holders, waitedMs } = outcome;
    if (received !== undefined) return codeOf(received);
    if (isElsewhere(outcome)) {
      tell('elsewhere', `another took this fire: ${takerOf(holders)}`, { resource, holders: shown(holders) });
      return exitCodes.ok;
    }
    if (reason === 'busy') {
      tell('skipped', `${waitedMs >= 1 && options.onBusy === 'retry' ? 'gave up' : 'skipped'}: ${busyWith(resource, holders)}`, {
        resource,
        holders: shown(holders),
      });
      return busyCode;
    }
    tellSilence('store-down', 'the command did not run', 'always');
    return exitCodes.storeDown;
  } finally {
    await locker.close();
    await journal?.close();
    if (journal?.problem !== undefined) tell('not-in-journal', `the journal could not be written: ${journal.problem}`, {}, 'always');
    signals[Symbol.dispose]();
  }
}

/** Says something on stderr, as a line for people or for programs. With `quiet`, only what is not about being busy. */
type Tell = (event: string, text: string, facts: object, when?: 'always') => void;

function teller({ terminal, isQuiet, isJson }: LockedRun): Tell {
  return (event, text, facts, when) => {
    if (isQuiet && when === undefined) return;
    say(terminal, isJson, event, text, facts);
  };
}

function busyWith(resource: string, holders: readonly Holder[]): string {
  return `${resource} is ${describeHolders(holders)}`;
}

/** Whether it still runs, its fire does not tell. */
function takerOf([holder]: readonly Holder[]): string {
  if (holder === undefined) return 'who, its record does not tell';
  return `${jobInWords(holder.job)} ${placeInWords(holder.host, holder.pid)}, at ${holder.since.toISOString()}`;
}

/** Behind those who wait already. Where nobody does, or the store keeps no line, nothing is known. */
function placeBehind(holders: readonly Holder[]): number | undefined {
  const ahead = holders.filter(({ state }) => state === 'waiting').length;
  return ahead === 0 ? undefined : ahead + 1;
}

/** Without the token: whoever knows one could end the lock. */
function shown(holders: readonly Holder[]): readonly object[] {
  return holders.map(({ token: _, ...holder }) => ({ ...holder, ...shownNames(holder) }));
}

function lossOf({ signal }: Lock): string {
  if (!(signal.reason instanceof LockLostError)) return 'Lost the lock.';
  const { message, reason } = signal.reason;
  return reason === 'max-hold' ? `${message} A longer --max-hold, or maxHoldMs in the config, lets it run on.` : message;
}

function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** What the command learns of its lock. Of one that does not protect, or is none, it gets no token. */
function environmentOf(lock: Lock, { env }: Terminal): NodeJS.ProcessEnv {
  const { GIVEWAY_TOKEN: _, GIVEWAY_FENCE: __, GIVEWAY_EXPIRES_AT: ___, ...rest } = env;
  const { writes, appends, reads } = lock.scope;
  const latestEndMs = lock instanceof HeldLock ? lock.acquiredAt.getTime() + lock.options.maxHoldMs : Number.POSITIVE_INFINITY;
  return {
    ...rest,
    GIVEWAY_RESOURCES: [...writes, ...appends, ...reads].filter((name) => !name.startsWith(firePrefix)).join(','),
    ...(lock.isProtected && !isDisabled(env.GIVEWAY_DISABLED) ? { GIVEWAY_TOKEN: lock.token } : {}),
    ...(lock.fence === undefined ? {} : { GIVEWAY_FENCE: String(lock.fence) }),
    ...(latestEndMs <= latestDateMs ? { GIVEWAY_EXPIRES_AT: new Date(latestEndMs).toISOString() } : {}),
  };
}
