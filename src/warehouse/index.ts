export {
  type Conflict,
  type ConflictKind,
  type ConflictRetry,
  type ConflictRetryOptions,
  classifyConflict,
  type OnBusy,
  type ResultOf,
  withConflictRetry,
} from '../conflicts/index.ts';
export type { Isolation, OnLost } from './attempt.ts';
export type { Audit } from './audit.ts';
export type { Row } from './batches/columns.ts';
export type { InsertOptions, InsertResult } from './batches/insert-batches.ts';
export { InsertError, type RowRange, type RowStatus } from './batches/insert-error.ts';
export type { InsertProgress } from './batches/insertion.ts';
export { type ConflictContext, type ConflictExplanation, explainConflict, type MissingResource } from './explanation.ts';
export type { Nested } from './nested.ts';
export { redshiftDiagnosticQuery } from './redshift-query.ts';
export {
  createSqlReader,
  type Doubt,
  loadSqlParser,
  type SqlReader,
  type SqlReaderOptions,
  type TablesWritten,
  tablesWritten,
} from './sql/index.ts';
export type { TransactionOptions } from './transaction.ts';
export { createWarehouse, type Warehouse, type WarehouseOptions } from './warehouse.ts';
