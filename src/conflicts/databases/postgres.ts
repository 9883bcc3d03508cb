import { oneOf, type Row, says, stateIs } from './row.ts';

const internal = 'XX000';

/** Redshift's own numbers stand at the beginning of the message of an internal error. */
const numbered =
  (number: number): Row['matches'] =>
  ({ code, text }) =>
    code === internal && new RegExp(`^(?:ERROR:\\s*)?${number}\\b`).test(text);

const family = ['PostgreSQL', 'CockroachDB', 'YugabyteDB'] as const;
const whereRetriesAreTold = 'https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html';
const redshift = 'https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html';

/**
 * PostgreSQL and what speaks its protocol. No rows, since whoever asked for them must judge: `55P03` (NOWAIT, `lock_timeout`), `23505` and
 * `23P01` (a race, but mostly a row that is there), CockroachDB's `40003` (nobody knows whether it is in).
 */
export const postgresRows: readonly Row[] = [
  {
    databases: [...family, 'Spanner'],
    error: '40001',
    kind: 'serialization',
    // CockroachDB says "restart transaction", YugabyteDB "Restart read required"; Spanner has the code in its PostgreSQL dialect.
    matches: stateIs('40001'),
    source: whereRetriesAreTold,
  },
  { databases: family, error: '40P01', kind: 'deadlock', matches: stateIs('40P01'), source: whereRetriesAreTold },
  {
    databases: ['Redshift'],
    error: '1023',
    code: internal,
    kind: 'cycle',
    // Some drivers drop the code and put the detail into the message.
    matches: oneOf(numbered(1023), says(/serializable isolation violation on table/i)),
    source: redshift,
  },
  {
    databases: ['Redshift'],
    error: '1018',
    code: internal,
    kind: 'stale-snapshot',
    // The snapshot is older than the table: only a transaction started later can see it, and only once the swap is done.
    retry: false,
    matches: numbered(1018),
    source: redshift,
  },
  {
    databases: ['Redshift'],
    error: 'conflict with concurrent transaction',
    code: internal,
    kind: 'ddl',
    newConnection: true,
    matches: says(/conflict with concurrent transaction/i),
    source: 'https://github.com/dbt-labs/dbt-adapters/issues/1873',
  },
  {
    databases: ['PostgreSQL'],
    error: 'tuple concurrently updated',
    code: internal,
    kind: 'ddl',
    matches: ({ code, text }) => code === internal && /tuple concurrently (?:updated|deleted)/.test(text),
    source: 'https://www.postgresql.org/docs/current/errcodes-appendix.html',
  },
  {
    databases: ['PostgreSQL', 'Redshift'],
    error: 'could not open relation with OID',
    code: internal,
    kind: 'stale-snapshot',
    matches: says(/could not open relation with OID \d+|relation with OID \d+ does not exist|cache lookup failed for relation \d+/),
    source: 'https://www.postgresql.org/docs/current/mvcc-caveats.html',
  },
  {
    databases: ['YugabyteDB'],
    error: 'Catalog Version Mismatch',
    code: internal,
    kind: 'ddl',
    matches: says(/catalog version mismatch|catalog snapshot used for this transaction has been invalidated/i),
    source: 'https://docs.yugabyte.com/stable/develop/learn/transactions/transactions-retries-ysql',
  },
];
