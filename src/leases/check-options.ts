import { hostname } from 'node:os';
import { type Clock, systemClock } from '../lock/clock.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { checkNamespace } from '../lock/keys.ts';
import { ttlRangeMs, unknownOption } from '../lock/options.ts';
import type { LockStore } from '../lock/store.ts';
import { newToken } from '../lock/token.ts';
import { LockItem } from './item.ts';
import { checkKeyPart } from './lease-key.ts';
import type {
  AcquireLockOptions,
  GetLockOptions,
  ListLocksOptions,
  LockClientOptions,
  ReleaseLockOptions,
  SendHeartbeatOptions,
  SessionMonitorOptions,
} from './options.ts';

/** Options of a client, checked and complete. */
export interface ClientSettings {
  readonly store: LockStore;
  readonly clock: Clock;
  readonly namespace: string;
  readonly environment: string | undefined;
  readonly ownerName: string;
  readonly leaseDurationMs: number;
  readonly heartbeatPeriodMs: number;
  readonly beats: boolean;
  readonly holdLockOnServiceUnavailable: boolean;
  readonly keepReleasedMs: number;
}

type Rule = readonly [isAllowed: (value: unknown) => boolean, allowed: string];
type Rules<T> = Readonly<Record<keyof T, Rule>>;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const flag: Rule = [(value) => typeof value === 'boolean', 'true or false is allowed'];
const wholeMs = (min: number, max: number): Rule => [
  (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  `an integer from ${min} to ${max} (milliseconds) is allowed`,
];
const lease = wholeMs(ttlRangeMs.min, ttlRangeMs.max);
const data: Rule = [(value) => typeof value === 'string' || value instanceof Uint8Array, 'a string or a Uint8Array is allowed'];
const item: Rule = [(value) => value instanceof LockItem, 'an item of this client is allowed'];
/** Checked where it is read: the whole says more than one field. */
const checkedLater: Rule = [() => true, ''];
const longestMs = 2 ** 31 - 1;
const storeMethods = ['read', 'create', 'replace', 'remove', 'close'] as const;

const clientRules: Rules<LockClientOptions> = {
  store: [
    (value) => isObject(value) && storeMethods.every((method) => typeof (value as LockStore)[method] === 'function'),
    'a store is allowed, such as memcachedStore({ servers }) from "giveway/memcached"',
  ],
  namespace: checkedLater,
  environment: checkedLater,
  ownerName: [(value) => typeof value === 'string' && value !== '', 'a non-empty string is allowed'],
  leaseDurationMs: lease,
  heartbeatPeriodMs: wholeMs(1, ttlRangeMs.max),
  createHeartbeatBackgroundThread: flag,
  holdLockOnServiceUnavailable: flag,
  keepReleasedMs: wholeMs(ttlRangeMs.min, ttlRangeMs.max),
  clock: [isObject, 'a Clock is allowed'],
};

const acquireRules: Rules<AcquireLockOptions> = {
  partitionKey: checkedLater,
  sortKey: checkedLater,
  data,
  replaceData: flag,
  deleteLockOnRelease: flag,
  acquireOnlyIfLockAlreadyExists: flag,
  refreshPeriodMs: wholeMs(1, longestMs),
  additionalTimeToWaitForLockMs: wholeMs(0, longestMs),
  shouldSkipBlockingWait: flag,
  reentrant: flag,
  sessionMonitor: [isObject, 'an object { safeTimeWithoutHeartbeatMs, callback } is allowed'],
  additionalAttributes: [isJsonObject, 'an object of JSON values is allowed'],
  updateExistingLockRecord: flag,
  acquireReleasedLocksConsistently: flag,
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal is allowed'],
};

const monitorRules: Rules<SessionMonitorOptions> = {
  safeTimeWithoutHeartbeatMs: [Number.isFinite, 'a number of milliseconds is allowed'],
  callback: [(value) => typeof value === 'function', 'a function is allowed'],
};

const releaseRules: Rules<ReleaseLockOptions> = { lockItem: item, deleteLock: flag, bestEffort: flag, data };
const heartbeatRules: Rules<SendHeartbeatOptions> = { lockItem: item, data, deleteData: flag, leaseDurationToEnsureMs: lease };
const getRules: Rules<GetLockOptions> = { partitionKey: checkedLater, sortKey: checkedLater, deleteLockOnRelease: flag };
const listRules: Rules<ListLocksOptions> = { deleteLockOnRelease: flag };

/** Options of the Java clients that mean nothing here, and what to do instead. */
const notHere: Readonly<Record<string, string>> = {
  timeUnit: 'durations are in milliseconds, and their names say so',
  tableName: 'it is an option of dynamodbStore',
  cacheName: 'it is an option of momentoStore',
  partitionKeyName: 'it is an option of dynamodbStore',
  sortKeyName: 'it is an option of dynamodbStore; a sort key here is a part of the name on every store',
  maxLockObservationCacheSize: 'the store judges what has expired; dynamodbStore remembers 10 000 observations',
  namedThreadCreator: 'there are no threads',
  totalNumBackgroundThreadsForHeartbeating: 'there are no threads',
  totalNumThreadsForAcquiringLocks: 'there are no threads',
};

/** The names of the reserved attributes: the Java client refuses them, so a set of attributes fits both. */
const reservedAttributes = ['key', 'partitionKey', 'sortKey', 'ownerName', 'leaseDuration', 'recordVersionNumber', 'data', 'isReleased'];

/** What each kind of options knows; for the table in docs/leases.md. */
export const optionNames: Readonly<Record<string, readonly string[]>> = {
  client: Object.keys(clientRules),
  acquire: Object.keys(acquireRules),
  release: Object.keys(releaseRules),
  heartbeat: Object.keys(heartbeatRules),
  get: Object.keys(getRules),
  list: Object.keys(listRules),
};

export function resolveClientOptions(options: LockClientOptions): ClientSettings {
  checkFields(options, clientRules);
  const { store, clock = systemClock, namespace = 'giveway', environment, ownerName = `${hostname()}-${newToken()}` } = options;
  const { leaseDurationMs = 20_000, heartbeatPeriodMs = 5_000, createHeartbeatBackgroundThread = true } = options;
  const { holdLockOnServiceUnavailable = false, keepReleasedMs = 86_400_000 } = options;
  if (store === undefined) throw new InvalidOptionError('store', store, clientRules.store[1]);
  if (createHeartbeatBackgroundThread && leaseDurationMs < 2 * heartbeatPeriodMs)
    throw new InvalidOptionError('heartbeatPeriodMs', heartbeatPeriodMs, `at most half of leaseDurationMs (${leaseDurationMs}) is allowed`);
  return {
    store,
    clock,
    namespace: checkNamespace(namespace, 'namespace'),
    environment: environment === undefined ? undefined : checkNamespace(environment, 'environment'),
    ownerName,
    leaseDurationMs,
    heartbeatPeriodMs,
    beats: createHeartbeatBackgroundThread,
    holdLockOnServiceUnavailable,
    keepReleasedMs,
  };
}

export function checkAcquireOptions(options: AcquireLockOptions, { heartbeatPeriodMs, leaseDurationMs }: ClientSettings): void {
  checkFields(options, acquireRules);
  checkNameParts(options);
  const { sessionMonitor, additionalAttributes = {} } = options;
  const reserved = Object.keys(additionalAttributes).find((name) => reservedAttributes.includes(name));
  if (reserved !== undefined)
    throw new InvalidOptionError(
      `additionalAttributes.${reserved}`,
      additionalAttributes[reserved],
      `any name but ${reservedAttributes.join(', ')} is allowed`,
    );
  if (sessionMonitor === undefined) return;
  checkFields(sessionMonitor, monitorRules, 'sessionMonitor.');
  const safeMs = sessionMonitor.safeTimeWithoutHeartbeatMs;
  if (!(safeMs > heartbeatPeriodMs && safeMs < leaseDurationMs))
    throw new InvalidOptionError(
      'sessionMonitor.safeTimeWithoutHeartbeatMs',
      safeMs,
      `more than heartbeatPeriodMs (${heartbeatPeriodMs}) and less than leaseDurationMs (${leaseDurationMs}) is allowed`,
    );
}

export function checkReleaseOptions(options: ReleaseLockOptions): void {
  checkFields(options, releaseRules);
  const { lockItem, data: given, deleteLock = lockItem?.deleteLockOnRelease } = options;
  if (lockItem === undefined) throw new InvalidOptionError('lockItem', lockItem, item[1]);
  if (given !== undefined && deleteLock)
    throw new InvalidOptionError('data', given, 'it goes with `deleteLock: false`, since a record that is removed carries nothing');
}

export function checkHeartbeatOptions(options: SendHeartbeatOptions): void {
  checkFields(options, heartbeatRules);
  if (options.lockItem === undefined) throw new InvalidOptionError('lockItem', undefined, item[1]);
  if (options.data !== undefined && options.deleteData)
    throw new InvalidOptionError('deleteData', options.deleteData, 'either `data` or `deleteData` is allowed');
}

export function checkGetOptions(options: GetLockOptions): void {
  checkFields(options, getRules);
  checkNameParts(options);
}

export function checkListOptions(options: ListLocksOptions): void {
  checkFields(options, listRules);
}

export function checkNameParts({ partitionKey, sortKey }: { partitionKey: string; sortKey?: string | undefined }): void {
  checkKeyPart(partitionKey, 'partitionKey');
  if (sortKey !== undefined) checkKeyPart(sortKey, 'sortKey');
}

/** `ensure` takes its lease without an object round it. */
export function checkLeaseDuration(value: number): void {
  if (!lease[0](value)) throw new InvalidOptionError('leaseDurationMs', value, lease[1]);
}

function checkFields<T extends object>(options: T, rules: Rules<T>, path = ''): void {
  if (!isObject(options)) throw new InvalidOptionError(path === '' ? 'options' : path.slice(0, -1), options, 'an object is allowed');
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof T] : undefined;
    const instead = notHere[name];
    if (rule === undefined && instead !== undefined)
      throw new InvalidOptionError(path + name, value, `there is no such option: ${instead}`);
    if (rule === undefined) throw unknownOption(path + name, value, name, Object.keys(rules));
    if (value !== undefined && !rule[0](value)) throw new InvalidOptionError(path + name, value, rule[1]);
  }
}

/** Would it come back from JSON as it is? */
function isJsonObject(value: unknown): boolean {
  try {
    return isObject(value) && !Array.isArray(value) && isJson(value);
  } catch {
    // It contains itself, so there is no end to it.
    return false;
  }
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson);
}
