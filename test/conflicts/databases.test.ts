/**
 * The errors of databases that are not run here, in the shape in which their clients throw them; and the page that lists every row.
 * Those of PostgreSQL, MariaDB, SQLite and DuckDB are made by the real ones in the files beside.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import type { Conflict } from '../../src/conflicts/conflict.ts';
import { rows } from '../../src/conflicts/databases/index.ts';
import { serverErrorsIn } from '../../src/conflicts/error-chain.ts';

const thrown = (message: string, fields: object = {}): Error => Object.assign(new Error(message), fields);
/** As mysql2 and mariadb have it. */
const mysql = (errno: number, code: string, sqlState: string, sqlMessage: string): Error =>
  thrown(sqlMessage, { errno, code, sqlState, sqlMessage, sql: 'update a' });
/** As tedious and mssql have it. */
const sqlServer = (number: number, message: string): Error =>
  thrown(message, { name: 'RequestError', code: 'EREQUEST', number, state: 2, class: 16, serverName: 'db', procName: '', lineNumber: 1 });
/** As oracledb has it. */
const oracle = (errorNum: number, message: string): Error => thrown(message, { errorNum, offset: 0, code: message.slice(0, 9) });
/** As @databricks/sql has it. */
const databricks = (message: string): Error =>
  thrown(message, { name: 'OperationStateError', errorCode: 'ERROR', response: { sqlState: '2D521', displayMessage: message } });

const shapes: readonly [string, unknown, Partial<Conflict>][] = [
  [
    'MySQL 1213',
    mysql(1213, 'ER_LOCK_DEADLOCK', '40001', 'Deadlock found when trying to get lock'),
    { kind: 'deadlock', code: 'ER_LOCK_DEADLOCK' },
  ],
  ['MySQL 1205', mysql(1205, 'ER_LOCK_WAIT_TIMEOUT', 'HY000', 'Lock wait timeout exceeded'), { kind: 'lock-timeout' }],
  ['MySQL 1614', mysql(1614, 'ER_XA_RBDEADLOCK', 'XA102', 'XA_RBDEADLOCK'), { kind: 'deadlock' }],
  ['MySQL 1613', mysql(1613, 'ER_XA_RBTIMEOUT', 'XA106', 'XA_RBTIMEOUT'), { kind: 'lock-timeout' }],
  ['MySQL 1402', mysql(1402, 'ER_XA_RBROLLBACK', 'XA100', 'XA_RBROLLBACK'), { kind: 'serialization' }],
  ['MySQL 1412', mysql(1412, 'ER_TABLE_DEF_CHANGED', 'HY000', 'Table definition has changed'), { kind: 'ddl' }],
  ['MariaDB 1020', mysql(1020, 'ER_CHECKREAD', 'HY000', "Record has changed since last read in table 'a'"), { kind: 'serialization' }],
  ['MySQL 3101', mysql(3101, 'ER_TRANSACTION_ROLLBACK_DURING_COMMIT', '40000', 'Plugin instructed the server'), { kind: 'serialization' }],
  [
    'MySQL 1213 by Prisma',
    thrown('x', { cause: { kind: 'mysql', code: 1213, message: 'Deadlock', state: '40001' } }),
    { kind: 'deadlock' },
  ],
  ['CockroachDB 40001', thrown('restart transaction: TransactionRetryWithProtoRefreshError', { code: '40001' }), { kind: 'serialization' }],
  ['YugabyteDB catalog', thrown('Catalog Version Mismatch: A DDL occurred', { code: 'XX000' }), { kind: 'ddl', code: 'XX000' }],
  ['SQL Server 1205', sqlServer(1205, 'Transaction (Process ID 52) was deadlocked'), { kind: 'deadlock', code: '1205' }],
  [
    'SQL Server 3960',
    sqlServer(3960, 'Snapshot isolation transaction aborted due to update conflict.'),
    { kind: 'serialization', code: '3960' },
  ],
  ['SQL Server 3961', sqlServer(3961, 'Snapshot isolation transaction failed'), { kind: 'ddl' }],
  ['SQL Server 41301', sqlServer(41_301, 'A previous transaction'), { kind: 'serialization' }],
  ['SQL Server 41302', sqlServer(41_302, 'The current transaction attempted to update a record'), { kind: 'serialization' }],
  ['SQL Server 41305', sqlServer(41_305, 'repeatable read validation failure'), { kind: 'serialization' }],
  ['SQL Server 41325', sqlServer(41_325, 'serializable validation failure'), { kind: 'serialization' }],
  [
    'Fabric, by its words',
    sqlServer(24_556, 'Snapshot isolation transaction aborted due to update conflict. Using'),
    { kind: 'serialization', code: '24556' },
  ],
  ['SQL Server 1205 by Sequelize', thrown('x', { original: sqlServer(1205, 'deadlocked') }), { kind: 'deadlock' }],
  ['Oracle 8177', oracle(8177, "ORA-08177: can't serialize access for this transaction"), { kind: 'serialization', code: 'ORA-08177' }],
  ['Oracle 60', oracle(60, 'ORA-00060: deadlock detected while waiting for resource'), { kind: 'deadlock', code: 'ORA-00060' }],
  ['SQLite LOCKED_SHAREDCACHE', thrown('database table is locked', { code: 'SQLITE_LOCKED_SHAREDCACHE' }), { kind: 'lock-timeout' }],
  ['SQLite LOCKED', thrown('database table is locked', { code: 'SQLITE_LOCKED' }), { kind: 'deadlock', retry: false }],
  ['SQLite BUSY by sqlite3', thrown('SQLITE_BUSY: database is locked', { code: 'SQLITE_BUSY', errno: 5 }), { kind: 'lock-timeout' }],
  [
    'Snowflake 000625',
    thrown("Your statement '01b' was aborted because the number of waiters for this lock exceeds the 20 statements limit.", {
      name: 'OperationFailedError',
      code: '000625',
      sqlState: '57014',
    }),
    { kind: 'lock-timeout', code: '000625' },
  ],
  [
    'Snowflake LOCK_TIMEOUT',
    thrown("Your statement '01b' was aborted because waiting for this lock is limited to 120 seconds", {
      code: '000625',
      sqlState: '57014',
    }),
    { kind: 'lock-timeout' },
  ],
  [
    'BigQuery, a statement',
    thrown('Could not serialize access to table p:d.t due to concurrent update', { code: 400, errors: [{ reason: 'invalidQuery' }] }),
    { kind: 'serialization', code: 'concurrent update' },
  ],
  [
    'BigQuery, a transaction',
    thrown('Query error: Transaction is aborted due to concurrent update against table p:d.t. Transaction ID: 61e3 at [24:9]', {
      code: 400,
    }),
    { kind: 'serialization' },
  ],
  ...(
    [
      ['ConcurrentAppendException', 'DELTA_CONCURRENT_APPEND', 'serialization', true],
      ['ConcurrentDeleteReadException', 'DELTA_CONCURRENT_DELETE_READ', 'serialization', true],
      ['ConcurrentDeleteDeleteException', 'DELTA_CONCURRENT_DELETE_DELETE', 'serialization', true],
      ['ConcurrentWriteException', 'DELTA_CONCURRENT_WRITE', 'serialization', true],
      ['MetadataChangedException', 'DELTA_METADATA_CHANGED', 'ddl', true],
      ['ProtocolChangedException', 'DELTA_PROTOCOL_CHANGED', 'ddl', true],
      ['ConcurrentTransactionException', 'DELTA_CONCURRENT_TRANSACTION', 'serialization', false],
    ] as const
  ).flatMap(([exception, errorClass, kind, retry]): [string, unknown, Partial<Conflict>][] => [
    [exception, databricks(`io.delta.exceptions.${exception}: Files were added to the root of the table`), { kind, retry }],
    [errorClass, databricks(`[${errorClass}.WITHOUT_HINT] Transaction conflict detected.`), { kind, retry }],
  ]),
  [
    'Iceberg, a catalog',
    { error: { type: 'CommitFailedException', code: 409, message: 'branch main has changed' } },
    { kind: 'serialization' },
  ],
  [
    'Iceberg by Trino',
    thrown('Failed to commit Iceberg update to table: a', { errorName: 'ICEBERG_COMMIT_ERROR', errorCode: 84_148_238 }),
    { kind: 'serialization', code: 'CommitFailedException' },
  ],
  ['Iceberg by Spark', thrown('Found conflicting files that can contain records matching true: [a.parquet]'), { kind: 'serialization' }],
  [
    'Spanner',
    thrown('10 ABORTED: Transaction was aborted.', { code: 10, details: 'Transaction was aborted.' }),
    { kind: 'serialization', code: 'ABORTED' },
  ],
  [
    'ClickHouse 650',
    thrown('Serialization error', { name: 'ClickHouseError', code: '650', type: 'SERIALIZATION_ERROR' }),
    { kind: 'serialization' },
  ],
  ['ClickHouse 473', thrown('Possible deadlock avoided', { code: '473', type: 'DEADLOCK_AVOIDED' }), { kind: 'lock-timeout' }],
  [
    'ClickHouse 517',
    thrown('Metadata on replica is not up to date', { code: '517', type: 'CANNOT_ASSIGN_ALTER' }),
    { kind: 'ddl', code: '517' },
  ],
];

test.each(shapes)('%s', (_what, error, expected) => {
  for (const each of [error, new Error('the job failed', { cause: error })])
    expect(classifyConflict(each)).toMatchObject({ retry: true, ...expected });
});

test.each<[string, unknown]>([
  ['a duplicate row, MySQL', mysql(1062, 'ER_DUP_ENTRY', '23000', 'Duplicate entry')],
  [
    'a lock not waited for, MySQL',
    mysql(3572, 'ER_LOCK_NOWAIT', 'HY000', 'Statement aborted because lock(s) could not be acquired immediately'),
  ],
  ['a lock not waited for, PostgreSQL', thrown('could not obtain lock on row', { code: '55P03' })],
  ['a lock not waited for, SQL Server', sqlServer(1222, 'Lock request time out period exceeded.')],
  ['a lock not waited for, Oracle', oracle(54, 'ORA-00054: resource busy and acquire with NOWAIT specified')],
  ['a COMMIT of which nobody knows, CockroachDB', thrown('result is ambiguous', { code: '40003' })],
  [
    'a commit of which nobody knows, Iceberg',
    thrown('CommitStateUnknownException: Cannot determine whether the commit was successful (CommitFailedException)'),
  ],
  ['a duplicate row, SQL Server', sqlServer(2627, 'Violation of PRIMARY KEY constraint')],
  ["another database's number", thrown('x', { errno: 1205 })],
  ['a full disk, SQLite', thrown('database or disk is full', { code: 'SQLITE_FULL' })],
  [
    'a duplicate row, DuckDB',
    thrown('TransactionContext Error: Failed to commit: PRIMARY KEY or UNIQUE constraint violation: duplicate key "7"'),
  ],
  ['a cancelled statement, Snowflake', thrown('SQL execution canceled', { code: '000604', sqlState: '57014' })],
  ['a deadline, Spanner', thrown('4 DEADLINE_EXCEEDED: Deadline exceeded', { code: 4 })],
])('is none: %s', (_what, error) => expect(classifyConflict(error)).toBeUndefined());

/** Rows of databases that run in the tests beside this file. */
const elsewhere = ['PostgreSQL', 'Redshift', 'SQLite', 'DuckDB'];

test('every row has an error above, or its database runs in the tests beside', () => {
  const met = new Set(shapes.map(([, error]) => rows.find(({ matches }) => serverErrorsIn(error).some(matches))));
  expect(rows.filter((row) => !met.has(row) && !row.databases.some((name) => elsewhere.includes(name))).map(({ error }) => error)).toEqual(
    [],
  );
});

test('docs/conflicts.md lists every row, and no other', () => {
  const page = readFileSync(join(__dirname, '../../docs/conflicts.md'), 'utf8');
  const listed = page.match(/^\| (?!Database|---).+ \|$/gm) ?? [];
  const retried = ({ retry, newConnection }: (typeof rows)[number]): string =>
    retry === false ? 'no' : newConnection === true ? 'on another connection' : 'yes';
  expect(listed).toEqual(
    rows.map((row) => `| ${row.databases.join(', ')} | \`${row.error}\` | ${row.kind} | ${retried(row)} | [source](${row.source}) |`),
  );
});
