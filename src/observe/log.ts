import { type EventName, eventNames, type Listener, type LockerEvents } from '../lock/events.ts';
import { type Holder, printable } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { checkOptions, withMethods } from './check-options.ts';
import { hostInWords, type Listeners, listen, type Observed, scopeLabel, seenHolders } from './listening.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger in the shape of pino's: fields first, then a sentence. `console` fits too. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Where it exists, lines that would be dropped are not even made. */
  isLevelEnabled?(level: string): boolean;
}

/**
 * Writes one line per event, with the event's data as fields and without tokens or SQL. What goes well is `debug`, a skip
 * `info`, what somebody should look into `warn`, a store that is down `error`. Throws `InvalidOptionError`.
 */
export function logObserver(locker: Observed, logger: Logger): Disposable {
  checkOptions({ logger }, { logger: usable }, 'logger');
  const listener =
    <E extends EventName>(event: E): Listener<E> =>
    (data) => {
      const level = levels[event](data);
      if (logger.isLevelEnabled?.(level) === false) return;
      // A promise goes back to the locker, which ignores its rejection.
      return logger[level](fieldsOf(event, data), oneLine(sentences[event](data)));
    };
  return listen(locker, Object.fromEntries(eventNames.map((event) => [event, listener(event)])) as Listeners);
}

const usable = withMethods('a logger with the methods debug, info, warn and error is allowed', 'debug', 'info', 'warn', 'error');

const always =
  (level: LogLevel): (() => LogLevel) =>
  () =>
    level;

const levels: { readonly [E in EventName]: (data: LockerEvents[E]) => LogLevel } = {
  acquired: ({ isProtected }) => (isProtected ? 'debug' : 'warn'),
  busy: always('debug'),
  waiting: always('debug'),
  skipped: ({ reason }) => (reason === 'store-down' ? 'warn' : 'info'),
  released: ({ release }) => (release === 'not-ours' ? 'warn' : 'debug'),
  extended: always('debug'),
  lost: ({ reason }) => (reason === 'closed' ? 'info' : 'warn'),
  'release-failed': always('warn'),
  'store-down': always('error'),
  'store-up': always('info'),
  conflict: always('warn'),
  'late-lock': always('warn'),
  starving: always('warn'),
  fire: ({ outcome }) => (outcome === 'store-down' ? 'warn' : 'debug'),
  notice: always('warn'),
};

const sentences: { readonly [E in EventName]: (data: LockerEvents[E]) => string } = {
  acquired: ({ scope, job, waitedMs, isProtected }) =>
    isProtected
      ? `${who(job)} took ${what(scope)} after ${ms(waitedMs)}`
      : `${who(job)} goes on without a lock on ${what(scope)}: the store is down`,
  busy: ({ resource, job, holders }) => `${who(job)} found "${resource}" ${heldBy(holders)}`,
  waiting: ({ resource, job, holders }) => `${who(job)} waits for "${resource}", ${heldBy(holders)}`,
  skipped: ({ resource, job, reason, holders, waitedMs }) =>
    `${who(job)} did not run (${reason}, after ${ms(waitedMs)}): "${resource}"${holders.length > 0 ? ` is ${heldBy(holders)}` : ''}`,
  released: ({ scope, job, heldMs, release }) => `${who(job)} let go ${what(scope)} after ${ms(heldMs)} (${release})`,
  extended: ({ scope, job, ttlMs }) => `${who(job)} has ${what(scope)} for another ${ms(ttlMs)}`,
  lost: ({ resource, job, reason, heldMs }) => `${who(job)} lost "${resource}" after ${ms(heldMs)} (${reason})`,
  'release-failed': ({ scope, job }) => `${who(job)} could not let go ${what(scope)}: others wait until its TTL has passed`,
  'store-down': ({ error }) => `the lock store does not answer: ${error.message}`,
  'store-up': ({ downMs }) => `the lock store answers again after ${ms(downMs)}`,
  conflict: ({ scope, job, code, attempt }) => `the database aborted ${who(job)} on ${what(scope)} (${code}, attempt ${attempt})`,
  'late-lock': ({ tables, job }) => `${who(job)} wrote to ${tables.join(', ')} without the lock, or before it had it`,
  starving: ({ job, resource, skips, sinceMs, holders }) =>
    `"${job}" was skipped ${skips} times and has not run for ${ms(sinceMs)}: "${resource}" is ${heldBy(holders)}`,
  fire: ({ name, slot, outcome, holders }) =>
    `the fire ${slot === undefined ? 'by hand' : slot.toISOString()} of "${name}": ${outcome}${holders.length > 0 ? `, ${heldBy(holders)}` : ''}`,
  notice: ({ code, message }) => `${code}: ${message}`,
};

function fieldsOf(event: EventName, data: LockerEvents[EventName]): object {
  // What every lock tells is copied in one go, and needs no more.
  if (!('error' in data || 'holders' in data || 'sql' in data)) return { event, ...data };
  // Statements may carry credentials, as Redshift's `copy` does.
  const { error, holders, sql, ...fields } = data as { error?: unknown; holders?: readonly Holder[]; sql?: string };
  return {
    event,
    ...fields,
    // pino and most others write an error under `err` in full.
    ...(error === undefined ? {} : { err: error }),
    ...(holders === undefined ? {} : { holders: seenHolders(holders) }),
  };
}

function who(job: string | undefined): string {
  return job === undefined ? 'somebody here' : `"${job}"`;
}

function what(scope: ResolvedScope): string {
  return `"${scopeLabel(scope)}"`;
}

function heldBy(holders: readonly Holder[]): string {
  const [first] = seenHolders(holders.slice(0, 1));
  if (first === undefined) return 'held by somebody unknown';
  const more = holders.length > 1 ? ` and ${holders.length - 1} more` : '';
  return `held by ${first.job ? `"${first.job}"` : 'a process'} on ${hostInWords(first)} (${first.pid}) since ${first.since.toISOString()}${more}`;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

/** What a server says in an error, and a job's name, may be any text: it must not begin a line of its own in a plain log, or turn it. */
function oneLine(message: string): string {
  return message.replace(/\s+/gu, ' ').replace(/[^ -~]/gu, printable);
}
