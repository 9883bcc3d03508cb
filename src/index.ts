export type { Clock } from './lock/clock.ts';
export {
  ConfigError,
  type ConfigProblem,
  GivewayError,
  InvalidOptionError,
  LockLostError,
  type LostReason,
  ResourceBusyError,
  StoreUnavailableError,
  UnknownResourceError,
} from './lock/errors.ts';
export type { EventName, Listener, LockerEvents } from './lock/events.ts';
export type { StoreHealth } from './lock/health.ts';
export type { Lock, SerializedLock } from './lock/lock.ts';
export { type CloseOptions, createLocker, ResourceLocker } from './lock/locker.ts';
export type { LockOptions, RetryOptions, RunOptions, StoreDownPolicy, TableOptions } from './lock/options.ts';
export type { Holder, Mode } from './lock/record.ts';
export type { RunOutcome, SkipReason } from './lock/run.ts';
export type { LockScope, Names, ResolvedScope } from './lock/scope.ts';
export type { LockerOptions } from './lock/settings.ts';
export type { StarveAfter } from './lock/starvation.ts';
export type { Entry, Listed, LockStore, StoreNotice, StoreTraits, Version } from './lock/store.ts';
