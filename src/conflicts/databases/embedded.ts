import { numberIs, oneOf, type Row, says } from './row.ts';

const sqliteCodes = 'https://www.sqlite.org/rescode.html';
const duckdb = 'https://duckdb.org/docs/stable/connect/concurrency';

export const sqliteRows: readonly Row[] = [
  {
    databases: ['SQLite'],
    error: 'SQLITE_BUSY_SNAPSHOT',
    kind: 'serialization',
    // It has read, and somebody has written since: only a new snapshot may write.
    matches: numberIs('sqlite', 517, 'SQLITE_BUSY_SNAPSHOT'),
    source: sqliteCodes,
  },
  {
    databases: ['SQLite'],
    error: 'SQLITE_BUSY',
    kind: 'lock-timeout',
    matches: oneOf(
      ({ number }) => number?.of === 'sqlite' && (number.is & 0xff) === 5,
      ({ code }) => /^SQLITE_BUSY(?:_RECOVERY|_TIMEOUT)?$/.test(code),
    ),
    source: sqliteCodes,
  },
  {
    databases: ['SQLite'],
    error: 'SQLITE_LOCKED_SHAREDCACHE',
    kind: 'lock-timeout',
    matches: numberIs('sqlite', 262, 'SQLITE_LOCKED_SHAREDCACHE'),
    source: sqliteCodes,
  },
  {
    databases: ['SQLite'],
    error: 'SQLITE_LOCKED',
    kind: 'deadlock',
    // Two statements of one connection: the same program would do the same again.
    retry: false,
    matches: numberIs('sqlite', 6, 'SQLITE_LOCKED'),
    source: sqliteCodes,
  },
];

/** A duplicate key is no row here either, though DuckDB may find it at COMMIT only. */
export const duckdbRows: readonly Row[] = [
  {
    databases: ['DuckDB'],
    error: 'Transaction conflict',
    kind: 'ddl',
    matches: says(/TransactionContext Error: (?:Failed to commit: )?(?:Catalog write-write conflict|Transaction conflict: )/),
    source: duckdb,
  },
  {
    databases: ['DuckDB'],
    error: 'Conflict on update!',
    kind: 'serialization',
    matches: says(/TransactionContext Error: (?:Failed to commit: )?(?:write-write conflict|Conflict on )/),
    source: duckdb,
  },
];
