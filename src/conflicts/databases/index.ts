import { duckdbRows, sqliteRows } from './embedded.ts';
import { postgresRows } from './postgres.ts';
import type { Row } from './row.ts';
import { mysqlRows, oracleRows, sqlServerRows } from './servers.ts';
import { bigqueryRows, clickhouseRows, deltaRows, icebergRows, snowflakeRows, spannerRows } from './warehouses.ts';

/** Every conflict that is known; of rows that match the same error the first counts. docs/conflicts.md shows them. */
export const rows: readonly Row[] = [
  ...mysqlRows,
  ...postgresRows,
  ...sqlServerRows,
  ...oracleRows,
  ...sqliteRows,
  ...duckdbRows,
  ...snowflakeRows,
  ...bigqueryRows,
  ...deltaRows,
  ...icebergRows,
  ...spannerRows,
  ...clickhouseRows,
];
