export type { Isolation, OnLost } from './attempt.ts';
export type { Audit } from './audit.ts';
export { type Conflict, type ConflictKind, classifyConflict, redshiftDiagnosticQuery } from './conflicts.ts';
export { type ConflictContext, type ConflictExplanation, explainConflict, type MissingResource } from './explanation.ts';
export { createSqlReader, loadSqlParser, type SqlReader, type SqlReaderOptions, type TablesWritten, tablesWritten } from './sql/index.ts';
export type { ConflictRetry, TransactionOptions } from './transaction.ts';
export { createWarehouse, type Warehouse, type WarehouseOptions } from './warehouse.ts';
