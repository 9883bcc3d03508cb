/** Locks with owners, leases and heartbeats, as in Amazon's DynamoDB Lock Client for Java, on any store. */
export { LockClient } from './client.ts';
export { LockCurrentlyUnavailableError, LockNotGrantedError, SessionMonitorNotSetError } from './errors.ts';
export { LockItem } from './item.ts';
export type { JsonValue, LockAttributes, LockData } from './lease-record.ts';
export type {
  AcquireLockOptions,
  GetLockOptions,
  ListLocksOptions,
  LockClientOptions,
  ReleaseLockOptions,
  SendHeartbeatOptions,
  SessionMonitorOptions,
} from './options.ts';
