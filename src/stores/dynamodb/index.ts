import type { LockStore } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { lockClientLayout } from './lock-client/layout.ts';
import { type DynamodbStoreOptions, resolveOptions } from './options.ts';
import { ownLayout } from './own-layout.ts';
import { createRequests } from './requests.ts';
import { type CreateTableOptions, createTable } from './table.ts';

export type { DynamoClient, DynamodbStoreOptions, KeyPair } from './options.ts';
export type { CreateTableOptions } from './table.ts';

/** A store over one DynamoDB table. */
export interface DynamodbStore extends LockStore {
  /**
   * Creates the table unless it exists, on-demand, with its TTL on `expiresAtSeconds`, and waits until it is active.
   * For set-up and tests; the role needs `CreateTable`, `DescribeTable`, `DescribeTimeToLive` and `UpdateTimeToLive`.
   * @throws StoreUnavailableError if that failed, or took over a minute.
   */
  createTable(options?: CreateTableOptions): Promise<void>;
}

/**
 * Records as items of a DynamoDB table, in the layout of the Java DynamoDB Lock Client: both can share a table.
 *
 * DynamoDB has no clock that a condition could ask, so an entry ends by observation, in this store as in that client: when
 * this process has seen the same version for longer than its lease. A process that looks for the first time at what a
 * crashed holder left finds it held, and takes it over at a later look. Versions carry no fence: they are not ordered.
 *
 * Every write is conditional and every read consistent, so the table must not be written to in two regions, nor be read through DAX.
 */
export function dynamodbStore(options: DynamodbStoreOptions): DynamodbStore {
  const settings = resolveOptions(options);
  const { layout, breaker } = settings;
  const requests = createRequests(settings);
  const store = layout === 'lock-client' ? lockClientLayout(settings, requests) : ownLayout(settings, requests);
  return {
    ...(breaker === false ? store : withBreaker(store, breaker)),
    createTable: (how = {}) => createTable(settings, how),
  };
}
