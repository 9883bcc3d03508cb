/** What each option of the lock client may be by itself. What several of them mean together is in check-options.ts. */
import { InvalidOptionError } from '../lock/errors.ts';
import {
  checkFields as checkByRules,
  flag,
  isObject,
  longestWaitMs,
  type Rule,
  requireOptions,
  ttlRangeMs,
  whole,
} from '../lock/plan/options.ts';
import type { LockStore } from '../lock/store.ts';
import { LockItem } from './item.ts';
import type {
  AcquireLockOptions,
  GetLockOptions,
  ListLocksOptions,
  LockClientOptions,
  ReleaseLockOptions,
  SendHeartbeatOptions,
  SessionMonitorOptions,
} from './options.ts';

type RulesOf<T> = Readonly<Record<keyof T, Rule>>;

const wholeMs = (min: number, max: number): Rule => [whole(min, max), `an integer from ${min} to ${max} (milliseconds) is allowed`];
const lease = wholeMs(ttlRangeMs.min, ttlRangeMs.max);
const data: Rule = [(value) => typeof value === 'string' || value instanceof Uint8Array, 'a string or a Uint8Array is allowed'];
const item: Rule = [(value) => value instanceof LockItem, 'an item of this client is allowed'];
/** Checked where it is read: the whole says more than one field. */
const checkedLater: Rule = [() => true, ''];
const storeMethods = ['read', 'create', 'replace', 'remove', 'close'] as const;

export const clientRules: RulesOf<LockClientOptions> = {
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

export const acquireRules: RulesOf<AcquireLockOptions> = {
  partitionKey: checkedLater,
  sortKey: checkedLater,
  data,
  replaceData: flag,
  deleteLockOnRelease: flag,
  acquireOnlyIfLockAlreadyExists: flag,
  refreshPeriodMs: wholeMs(1, longestWaitMs),
  additionalTimeToWaitForLockMs: wholeMs(0, longestWaitMs),
  shouldSkipBlockingWait: flag,
  reentrant: flag,
  sessionMonitor: [isObject, 'an object { safeTimeWithoutHeartbeatMs, callback } is allowed'],
  additionalAttributes: [isJsonObject, 'an object of JSON values is allowed'],
  updateExistingLockRecord: flag,
  acquireReleasedLocksConsistently: flag,
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal is allowed'],
};

export const monitorRules: RulesOf<SessionMonitorOptions> = {
  safeTimeWithoutHeartbeatMs: [Number.isFinite, 'a number of milliseconds is allowed'],
  callback: [(value) => typeof value === 'function', 'a function is allowed'],
};

export const releaseRules: RulesOf<ReleaseLockOptions> = { lockItem: item, deleteLock: flag, bestEffort: flag, data };
export const heartbeatRules: RulesOf<SendHeartbeatOptions> = { lockItem: item, data, deleteData: flag, leaseDurationToEnsureMs: lease };
export const getRules: RulesOf<GetLockOptions> = { partitionKey: checkedLater, sortKey: checkedLater, deleteLockOnRelease: flag };
export const listRules: RulesOf<ListLocksOptions> = { deleteLockOnRelease: flag };

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

/** Refuses what is unknown or not allowed by itself, naming the field. `path` is put before the field's name. */
export function checkFields<T extends object>(options: T, rules: RulesOf<T>, path = ''): void {
  requireOptions(options, path);
  for (const [name, instead] of Object.entries(notHere))
    if (Object.hasOwn(options, name))
      throw new InvalidOptionError(path + name, Reflect.get(options, name), `there is no such option: ${instead}`);
  checkByRules(options, rules, path);
}

/** Would it come back from JSON as it is? */
function isJsonObject(value: unknown): boolean {
  try {
    return isObject(value) && isJson(value);
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
