import { describeHolders, type Holder, printable } from './holder.ts';
import { askFor } from './nearest.ts';
import { redactUrl } from './redact.ts';

/** Why a lock that was ours no longer is. */
export type LostReason = 'stolen' | 'vanished' | 'expired' | 'unreachable' | 'max-hold' | 'closed';

/** Under this symbol every error carries the names of its classes. */
const classNames = Symbol.for('giveway.error.classes');

/**
 * Base of every error giveway throws on purpose. Branch on `code`; messages may change. `instanceof` goes by the name of the
 * class, so that it holds between the ESM and the CommonJS build, which may both be loaded in one process.
 */
export class GivewayError extends Error {
  /** Stable, for `switch` and for logs. */
  readonly code: `ERR_GIVEWAY_${string}`;

  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = isInstance;

  constructor(code: `ERR_GIVEWAY_${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
    Object.defineProperty(this, classNames, { value: classNamesOf(new.target) });
  }
}

/**
 * Somebody holds it, and the wait is over. `holders` says who; empty when the record could not be read. They have tokens, so
 * the property is not enumerable: whatever prints or logs an error has them from the message.
 */
export class ResourceBusyError extends GivewayError {
  declare readonly name: 'ResourceBusyError';
  readonly resource: string;
  declare readonly holders: readonly Holder[];
  readonly waitedMs: number;

  /** `note`: what else there is to say. */
  constructor(resource: string, holders: readonly Holder[], waitedMs: number, note = '') {
    super('ERR_GIVEWAY_BUSY', busyMessage(resource, holders, waitedMs) + note);
    this.resource = resource;
    // An error that nobody caught is printed without `inspect.custom`.
    Object.defineProperty(this, 'holders', { value: holders });
    this.waitedMs = waitedMs;
  }
}

/** What a store's failure is about: the whole server, how it was set up and is used, or one key alone. */
export type StoreConcern = 'server' | 'setup' | 'key';

/** What a server that works refuses. Any other code means that it cannot serve now, or that nobody knows. */
const refusals: Readonly<Record<string, StoreConcern>> = {
  /** It cannot do what a lock needs. */
  ERR_GIVEWAY_NO_CAS: 'setup',
  ERR_GIVEWAY_NO_META: 'setup',
  ERR_GIVEWAY_PEER_MISSING: 'setup',
  ERR_GIVEWAY_TABLE_MISSING: 'setup',
  /** The login: user, password, key. */
  ERR_GIVEWAY_STORE_AUTH: 'setup',
  /** The user may not do what a lock needs. */
  ERR_GIVEWAY_STORE_FORBIDDEN: 'setup',
  ERR_GIVEWAY_STORE_TLS: 'setup',
  ERR_GIVEWAY_STORE_CLOSED: 'setup',
  /** Whatever else somebody must change: a database that does not exist, somebody else's data under our key. */
  ERR_GIVEWAY_STORE_SETUP: 'setup',
  /** This entry alone cannot be written now: its row is locked, it is too large. */
  ERR_GIVEWAY_STORE_KEY: 'key',
};

/**
 * The store did not answer, or its answer got lost: nobody knows whether the call took effect. Or it refused, which `concerns` and
 * `code` tell. A wrong set-up is no outage: it is thrown whatever `onStoreDown` says.
 */
export class StoreUnavailableError extends GivewayError {
  declare readonly name: 'StoreUnavailableError';

  constructor(message: string, options?: ErrorOptions & { code?: `ERR_GIVEWAY_${string}` }) {
    super(options?.code ?? 'ERR_GIVEWAY_STORE_UNAVAILABLE', message, options);
  }

  /** By its `code`. */
  get concerns(): StoreConcern {
    return refusals[this.code] ?? 'server';
  }
}

/** Does `onStoreDown` say what follows? */
export function isOutage(error: unknown): error is StoreUnavailableError {
  return error instanceof StoreUnavailableError && error.concerns !== 'setup';
}

/** The lock was ours and no longer is. Arrives as the reason of `lock.signal`. */
export class LockLostError extends GivewayError {
  declare readonly name: 'LockLostError';
  readonly reason: LostReason;
  readonly resource: string;

  constructor(resource: string, reason: LostReason, options?: ErrorOptions) {
    super('ERR_GIVEWAY_LOCK_LOST', `Lost the lock on "${printable(resource)}": ${lostSentence[reason]}`, options);
    this.resource = resource;
    this.reason = reason;
  }
}

/** An argument or option was refused before anything was sent. `path` names the field. */
export class InvalidOptionError extends GivewayError {
  declare readonly name: 'InvalidOptionError';
  readonly path: string;

  constructor(path: string, received: unknown, allowed: string) {
    super('ERR_GIVEWAY_INVALID_OPTION', `${path}: received ${show(received)}; ${allowed}`);
    this.path = path;
  }
}

/** The resource is not listed. `nearest` holds the listed names most like it. */
export class UnknownResourceError extends GivewayError {
  declare readonly name: 'UnknownResourceError';
  readonly resource: string;
  readonly nearest: readonly string[];

  constructor(resource: string, nearest: readonly string[]) {
    const hint = askFor(nearest) || 'no listed name is like it.';
    super(
      'ERR_GIVEWAY_UNKNOWN_RESOURCE',
      `"${resource}" is not a listed resource; ${hint} List it under \`resources\`, or set \`allowUnlisted: true\`.`,
    );
    this.resource = resource;
    this.nearest = nearest;
  }
}

/** One line of what is wrong with a config file. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
}

/** Every problem of a config file at once. */
export class ConfigError extends GivewayError {
  declare readonly name: 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(source: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super('ERR_GIVEWAY_CONFIG', `${source}:\n${problems.map(({ path, message }) => `  ${path}: ${message}`).join('\n')}`, options);
    this.problems = problems;
  }
}

function isInstance(this: { readonly name: string }, value: unknown): boolean {
  const names = (value as { [classNames]?: readonly string[] } | null | undefined)?.[classNames];
  return names?.includes(this.name) ?? false;
}

function classNamesOf(target: { readonly name: string }): readonly string[] {
  return target === GivewayError
    ? [target.name]
    : [target.name, ...classNamesOf(Object.getPrototypeOf(target) as { readonly name: string })];
}

const lostSentence: Record<LostReason, string> = {
  stolen: 'the record names another holder.',
  vanished: 'the record is gone from the store (evicted, flushed, restarted, or removed by hand).',
  expired: 'its deadline passed before a renewal was confirmed; the process was probably stopped or blocked.',
  unreachable: 'the store did not answer any renewal before the deadline.',
  'max-hold': 'it was held as long as maxHoldMs allows.',
  closed: 'it was let go, or its locker was closed.',
};

function busyMessage(resource: string, holders: readonly Holder[], waitedMs: number): string {
  const waited = waitedMs > 0 ? ` after waiting ${Math.round(waitedMs)} ms` : '';
  return `"${resource}" is busy${waited}: ${describeHolders(holders)}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    // A store's URL in the place of the store, as from the environment, has its password in it.
    const shown = value.includes('://') ? redactUrl(value) : value;
    return quoted(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

/** As JSON, which leaves some characters as they are that would change how a line reads. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`,
  );
}
