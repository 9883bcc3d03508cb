/** Locks in a table of Postgres, and real exclusion inside its transactions. */
export {
  assertFence,
  createFenceTableSql,
  type FencedLock,
  type FencedTransactionOptions,
  type FenceOptions,
  fencedTransaction,
  type Isolation,
} from './fence.ts';
export type { PostgresStoreOptions } from './options.ts';
export type { PgClient, PgPool, PgPoolClient, PgQuery, PgResult, PgRow } from './pool.ts';
export { type PostgresStore, postgresStore } from './store.ts';
export { createTableSql } from './table.ts';
