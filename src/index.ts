export type { StoreHealth } from './lock/api/health.ts';
export type { Lock, SerializedLock } from './lock/api/lock.ts';
export { type CloseOptions, createLocker, ResourceLocker } from './lock/api/locker.ts';
export type { RunOutcome, SkipReason } from './lock/api/run.ts';
export type { Clock } from './lock/clock.ts';
export {
  ConfigError,
  type ConfigProblem,
  GivewayError,
  InvalidOptionError,
  LockLostError,
  type LostReason,
  ResourceBusyError,
  type StoreConcern,
  StoreUnavailableError,
  UnknownResourceError,
} from './lock/errors.ts';
export type { EventName, Listener, LockerEvents } from './lock/events.ts';
export type { Holder, Mode } from './lock/holder.ts';
export type {
  LockOptions,
  LockScope,
  Names,
  ResolvedScope,
  RetryOptions,
  RunOptions,
  StarveAfter,
  StoreDownPolicy,
  TableOptions,
} from './lock/options.ts';
export type { Dialect } from './lock/plan/identifiers.ts';
export type { NameRules } from './lock/plan/names.ts';
export type { LockerOptions } from './lock/plan/settings.ts';
export type { Entry, Listed, LockStore, StoreNotice, StoreTraits, Version } from './lock/store.ts';
