import { type Clock, systemClock } from '../lock/clock.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { hostName } from '../lock/plan/settings.ts';
import { checkApart, checkNamespace } from '../lock/record/keys.ts';
import { newToken } from '../lock/record/tokens.ts';
import type { LockStore } from '../lock/store.ts';
import { checkKeyPart } from './lease-key.ts';
import { dataNow, type LeaseTerms } from './lease-record.ts';
import { acquireRules, checkFields, clientRules, getRules, heartbeatRules, listRules, monitorRules, releaseRules } from './option-rules.ts';
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

/** An acquisition's options, checked and complete. */
export interface AcquireSettings {
  readonly terms: LeaseTerms;
  readonly mustExist: boolean;
  readonly refreshPeriodMs: number;
  readonly additionalTimeToWaitMs: number;
  readonly skipsWaiting: boolean;
  readonly isReentrant: boolean;
  readonly deleteLockOnRelease: boolean;
  readonly sessionMonitor: SessionMonitorOptions | undefined;
}

/** The names of the reserved attributes: the Java client refuses them, so a set of attributes fits both. */
const reservedAttributes = ['key', 'partitionKey', 'sortKey', 'ownerName', 'leaseDuration', 'recordVersionNumber', 'data', 'isReleased'];

export function resolveClientOptions(options: LockClientOptions): ClientSettings {
  checkFields(options, clientRules);
  const { store, clock = systemClock, namespace = 'giveway', environment, ownerName = `${hostName()}-${newToken()}` } = options;
  const { leaseDurationMs = 20_000, heartbeatPeriodMs = 5_000, createHeartbeatBackgroundThread = true } = options;
  const { holdLockOnServiceUnavailable = false, keepReleasedMs = 86_400_000 } = options;
  if (store === undefined) throw new InvalidOptionError('store', store, clientRules.store[1]);
  checkApart(store.traits, { namespace: options.namespace, environment });
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

export function resolveAcquireOptions(options: AcquireLockOptions, settings: ClientSettings): AcquireSettings {
  checkAcquireOptions(options, settings);
  return {
    terms: {
      partitionKey: options.partitionKey,
      sortKey: options.sortKey,
      ownerName: settings.ownerName,
      leaseDurationMs: settings.leaseDurationMs,
      data: dataNow(options.data),
      replaceData: options.replaceData ?? true,
      additionalAttributes: structuredClone(options.additionalAttributes ?? {}),
      updateExistingLockRecord: options.updateExistingLockRecord ?? false,
    },
    mustExist: options.acquireOnlyIfLockAlreadyExists ?? false,
    refreshPeriodMs: options.refreshPeriodMs ?? 1_000,
    additionalTimeToWaitMs: options.additionalTimeToWaitForLockMs ?? 1_000,
    skipsWaiting: options.shouldSkipBlockingWait ?? false,
    isReentrant: options.reentrant ?? false,
    deleteLockOnRelease: options.deleteLockOnRelease ?? true,
    sessionMonitor: options.sessionMonitor,
  };
}

function checkAcquireOptions(options: AcquireLockOptions, { heartbeatPeriodMs, leaseDurationMs }: ClientSettings): void {
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
  if (lockItem === undefined) throw new InvalidOptionError('lockItem', lockItem, releaseRules.lockItem[1]);
  if (given !== undefined && deleteLock)
    throw new InvalidOptionError('data', given, 'it goes with `deleteLock: false`, since a record that is removed carries nothing');
}

export function checkHeartbeatOptions(options: SendHeartbeatOptions): void {
  checkFields(options, heartbeatRules);
  if (options.lockItem === undefined) throw new InvalidOptionError('lockItem', undefined, heartbeatRules.lockItem[1]);
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
  const [isAllowed, allowed] = clientRules.leaseDurationMs;
  if (!isAllowed(value)) throw new InvalidOptionError('leaseDurationMs', value, allowed);
}
