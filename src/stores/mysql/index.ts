/** Locks in a table of MySQL or MariaDB. */
export type { MysqlStoreOptions } from './options.ts';
export type { MysqlConnection, MysqlPool } from './pool.ts';
export { type MysqlStore, mysqlStore } from './store.ts';
export { createTableSql } from './table.ts';
