import type { Conflict } from './conflict.ts';
import { rows } from './databases/index.ts';
import type { Row } from './databases/row.ts';
import { type ServerError, serverErrorsIn } from './error-chain.ts';

/**
 * What kind of conflict an error is, or `undefined` if it is none: then running the transaction again would most likely
 * fail again. Knows the errors of PostgreSQL, Redshift, CockroachDB, YugabyteDB, MySQL, MariaDB, SQL Server, Oracle, SQLite, DuckDB, Snowflake,
 * BigQuery, Databricks, Iceberg, Spanner and ClickHouse as their clients throw them (docs/conflicts.md lists them), also inside others: as `cause`, in an
 * `AggregateError`, and as Prisma (`P2034`, `P2010`, `DriverAdapterError`), TypeORM, Sequelize, Drizzle and MikroORM wrap them.
 *
 * Unique and exclusion violations are not conflicts here: they may come from a race, but mostly say that the row is there, and
 * that is the caller's to judge. Nor is a wait that the caller cut short: `NOWAIT`, `lock_timeout`.
 */
export function classifyConflict(error: unknown): Conflict | undefined {
  const chain = serverErrorsIn(error);
  for (const found of chain) {
    const row = rows.find(({ matches }) => matches(found));
    if (row !== undefined) return describe(found, row);
  }
  // Prisma's word for it counts where the server's own is not to be had.
  const untold = chain.find(({ isWriteConflict }) => isWriteConflict);
  return untold && describe({ ...untold, code: '40001' }, { kind: 'serialization', error: '40001' });
}

function describe(
  { code, number, message, text }: ServerError,
  { kind, retry, newConnection, ...row }: Pick<Row, 'kind' | 'retry' | 'newConnection' | 'error' | 'code'>,
): Conflict {
  const tableId = /(?:violation on table -|relation with OID|for relation|on relation)\s*(\d+)/i.exec(text)?.[1];
  const cycle = /transactions forming the cycle are:\s*([\d,\s]+)/i.exec(text)?.[1]?.match(/\d+/g);
  const transactions = cycle ?? [...text.matchAll(/on transaction (\d+)/g)].map(([, id = '']) => id);
  const pid = /\(pid:\s*(\d+)\)|^Process (\d+) waits/im
    .exec(text)
    ?.slice(1)
    .find((found) => found !== undefined);
  return {
    kind,
    retry: retry ?? true,
    newConnection: newConnection ?? false,
    code: codeOf(code, number) ?? row.code ?? row.error,
    message,
    ...(tableId !== undefined && { tableId }),
    ...(transactions.length > 0 && { transactions: [...new Set(transactions)] }),
    ...(pid !== undefined && { pid: Number(pid) }),
  };
}

/** What tedious and `node:sqlite` call every error of theirs tells less than the number beside it. */
const sayLittle = ['', 'EREQUEST', 'ERR_SQLITE_ERROR'];

function codeOf(code: string, number: ServerError['number']): string | undefined {
  return sayLittle.includes(code) ? number && String(number.is) : code;
}
