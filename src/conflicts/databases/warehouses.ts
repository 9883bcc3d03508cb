import { oneOf, type Row, says, sortIs } from './row.ts';

const snowflake = 'https://docs.snowflake.com/en/sql-reference/transactions';
const bigquery = 'https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency';
const delta = 'https://docs.delta.io/concurrency-control';
const iceberg = 'https://iceberg.apache.org/docs/latest/reliability/';
const clickhouse = 'https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp';

export const snowflakeRows: readonly Row[] = [
  {
    databases: ['Snowflake'],
    error: '000625',
    kind: 'lock-timeout',
    // Too many wait for the table's lock, or for too long (LOCK_TIMEOUT).
    matches: says(/number of waiters for this lock exceeds|was aborted because waiting for this lock/i),
    source: snowflake,
  },
];

export const bigqueryRows: readonly Row[] = [
  {
    databases: ['BigQuery'],
    error: 'concurrent update',
    kind: 'serialization',
    matches: says(/could not serialize access to table .* due to concurrent update|transaction is aborted due to concurrent update/i),
    source: bigquery,
  },
];

/** A conflict by its exception and its error class; which of them a client has depends on its age. */
const deltaNames = (exception: string, errorClass: string): Row['matches'] => says(new RegExp(`\\b${exception}\\b|\\b${errorClass}\\b`));

const deltaRow = (error: string, errorClass: string, rest: Pick<Row, 'kind' | 'retry'>): Row => ({
  databases: ['Databricks', 'Delta Lake'],
  error,
  ...rest,
  matches: deltaNames(error, errorClass),
  source: delta,
});

export const deltaRows: readonly Row[] = [
  deltaRow('ConcurrentAppendException', 'DELTA_CONCURRENT_APPEND', { kind: 'serialization' }),
  deltaRow('ConcurrentDeleteReadException', 'DELTA_CONCURRENT_DELETE_READ', { kind: 'serialization' }),
  deltaRow('ConcurrentDeleteDeleteException', 'DELTA_CONCURRENT_DELETE_DELETE', { kind: 'serialization' }),
  deltaRow('ConcurrentWriteException', 'DELTA_CONCURRENT_WRITE', { kind: 'serialization' }),
  deltaRow('MetadataChangedException', 'DELTA_METADATA_CHANGED', { kind: 'ddl' }),
  deltaRow('ProtocolChangedException', 'DELTA_PROTOCOL_CHANGED', { kind: 'ddl' }),
  // Two streams of one checkpoint: one of them is too many.
  deltaRow('ConcurrentTransactionException', 'DELTA_CONCURRENT_TRANSACTION', { kind: 'serialization', retry: false }),
];

/** Nobody knows whether such a commit is in: it must not be run again blindly. */
const isUnknown = says(/\bCommitStateUnknownException\b|Cannot determine whether the commit was successful/);
const isRefused = oneOf(
  sortIs('CommitFailedException', 'TRANSACTION_CONFLICT', 'ICEBERG_COMMIT_ERROR'),
  says(
    /\bCommitFailedException\b|\bICEBERG_COMMIT_ERROR\b|Found (?:new )?conflicting (?:delete )?files that can (?:contain|apply to) records/,
  ),
);

export const icebergRows: readonly Row[] = [
  {
    databases: ['Iceberg'],
    error: 'CommitFailedException',
    kind: 'serialization',
    matches: (error) => isRefused(error) && !isUnknown(error),
    source: iceberg,
  },
];

export const spannerRows: readonly Row[] = [
  {
    databases: ['Spanner'],
    error: 'ABORTED',
    kind: 'serialization',
    // As gRPC's clients begin their messages.
    matches: says(/^10 ABORTED\b/),
    source: 'https://cloud.google.com/spanner/docs/transactions',
  },
];

/** Inserts of ClickHouse never meet; its experimental transactions, its DDL and its table locks do. */
export const clickhouseRows: readonly Row[] = [
  {
    databases: ['ClickHouse'],
    error: 'SERIALIZATION_ERROR',
    kind: 'serialization',
    matches: sortIs('SERIALIZATION_ERROR'),
    source: clickhouse,
  },
  { databases: ['ClickHouse'], error: 'DEADLOCK_AVOIDED', kind: 'lock-timeout', matches: sortIs('DEADLOCK_AVOIDED'), source: clickhouse },
  { databases: ['ClickHouse'], error: 'CANNOT_ASSIGN_ALTER', kind: 'ddl', matches: sortIs('CANNOT_ASSIGN_ALTER'), source: clickhouse },
];
