import { numberIs, oneOf, type Row, says } from './row.ts';

const both = ['MySQL', 'MariaDB'] as const;
const mysql = 'https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html';
const mariadb = 'https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference';

/** No row for what the statement asked for: 3572 (NOWAIT). */
export const mysqlRows: readonly Row[] = [
  // Galera says the same of a write that another node was faster with.
  { databases: both, error: '1213', kind: 'deadlock', matches: numberIs('mysql', 1213, 'ER_LOCK_DEADLOCK'), source: mysql },
  // The server has rolled back the statement alone: whoever runs the transaction again has to roll back first.
  { databases: both, error: '1205', kind: 'lock-timeout', matches: numberIs('mysql', 1205, 'ER_LOCK_WAIT_TIMEOUT'), source: mysql },
  { databases: both, error: '1614', kind: 'deadlock', matches: numberIs('mysql', 1614, 'ER_XA_RBDEADLOCK'), source: mysql },
  { databases: both, error: '1613', kind: 'lock-timeout', matches: numberIs('mysql', 1613, 'ER_XA_RBTIMEOUT'), source: mysql },
  { databases: both, error: '1402', kind: 'serialization', matches: numberIs('mysql', 1402, 'ER_XA_RBROLLBACK'), source: mysql },
  { databases: both, error: '1412', kind: 'ddl', matches: numberIs('mysql', 1412, 'ER_TABLE_DEF_CHANGED'), source: mysql },
  // With innodb_snapshot_isolation, which is on since 11.6.2.
  { databases: ['MariaDB'], error: '1020', kind: 'serialization', matches: numberIs('mysql', 1020, 'ER_CHECKREAD'), source: mariadb },
  {
    databases: ['MySQL'],
    // Group replication: another member was faster.
    error: '3101',
    kind: 'serialization',
    matches: numberIs('mysql', 3101, 'ER_TRANSACTION_ROLLBACK_DURING_COMMIT'),
    source: mysql,
  },
];

const memoryTables = 'https://learn.microsoft.com/en-us/sql/relational-databases/in-memory-oltp/transactions-with-memory-optimized-tables';
const engineErrors = 'https://learn.microsoft.com/en-us/sql/relational-databases/errors-events/database-engine-events-and-errors';
const fabric = 'https://learn.microsoft.com/en-us/fabric/data-warehouse/transactions';

/** No row for what the session asked for: 1222 (`SET LOCK_TIMEOUT`). */
export const sqlServerRows: readonly Row[] = [
  { databases: ['SQL Server'], error: '1205', kind: 'deadlock', matches: numberIs('mssql', 1205), source: engineErrors },
  { databases: ['SQL Server'], error: '3960', kind: 'serialization', matches: numberIs('mssql', 3960), source: engineErrors },
  { databases: ['SQL Server'], error: '3961', kind: 'ddl', matches: numberIs('mssql', 3961), source: engineErrors },
  { databases: ['SQL Server'], error: '41301', kind: 'serialization', matches: numberIs('mssql', 41_301), source: memoryTables },
  { databases: ['SQL Server'], error: '41302', kind: 'serialization', matches: numberIs('mssql', 41_302), source: memoryTables },
  { databases: ['SQL Server'], error: '41305', kind: 'serialization', matches: numberIs('mssql', 41_305), source: memoryTables },
  { databases: ['SQL Server'], error: '41325', kind: 'serialization', matches: numberIs('mssql', 41_325), source: memoryTables },
  {
    databases: ['SQL Server', 'Fabric Data Warehouse'],
    error: 'aborted due to update conflict',
    kind: 'serialization',
    // Whatever number Fabric gives it.
    matches: says(/^Snapshot isolation transaction aborted due to update conflict/),
    source: fabric,
  },
];

/** No row for what the statement asked for: ORA-00054 (NOWAIT). */
export const oracleRows: readonly Row[] = [
  {
    databases: ['Oracle'],
    error: 'ORA-08177',
    kind: 'serialization',
    matches: oneOf(numberIs('oracle', 8177, 'ORA-08177'), says(/^ORA-08177\b/)),
    source: 'https://docs.oracle.com/en/error-help/db/ora-08177/',
  },
  {
    databases: ['Oracle'],
    error: 'ORA-00060',
    kind: 'deadlock',
    // The server has rolled back the statement alone: whoever runs the transaction again has to roll back first.
    matches: oneOf(numberIs('oracle', 60, 'ORA-00060'), says(/^ORA-00060\b/)),
    source: 'https://docs.oracle.com/en/error-help/db/ora-00060/',
  },
];
