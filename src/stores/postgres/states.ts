import { createTableSql, type LockTable } from './table.ts';

/** What a sentence may name. */
interface Details {
  readonly message: string;
  readonly table: Pick<LockTable, 'name'>;
  readonly timeoutMs: number;
  readonly sqlCode: string;
}

/** What a refusal of the server means. */
interface Meaning {
  /** What the caller is told by; none: the server cannot serve now. */
  readonly code?: `ERR_GIVEWAY_${string}`;
  readonly sentence: (details: Details) => string;
}

const login: Meaning = {
  code: 'ERR_GIVEWAY_STORE_AUTH',
  sentence: () => 'refused the login: check user, password and pg_hba.conf',
};
const noDatabase: Meaning = {
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: () => 'has no such database: check the end of the connection string',
};
const foreignTable: Meaning = {
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: ({ table }) => `has a table ${table.name} that is not giveway's: choose another name with the option \`table\``,
};
const starting: Meaning = { sentence: () => 'is starting up or shutting down' };
const answered = ({ sqlCode, message }: Details): string => `answered ${sqlCode}: ${message}`;

/** By SQLSTATE, or its class. */
const meanings: Readonly<Record<string, Meaning>> = {
  '28P01': login,
  '28': {
    code: 'ERR_GIVEWAY_STORE_AUTH',
    sentence: ({ message }) =>
      `refused the login: ${message}. Check the user and pg_hba.conf; "no encryption": add sslmode to the connection string`,
  },
  '3D': noDatabase,
  '42P01': {
    code: 'ERR_GIVEWAY_TABLE_MISSING',
    sentence: ({ table }) => `has no table ${table.name}. Call createTable() once, or run:\n${createTableSql(table.name)}`,
  },
  '42501': {
    code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
    sentence: ({ message, table }) =>
      `refused access (${message}): grant select, insert, update, delete on ${table.name} and usage on sequence ${table.name}_version to this user; to make them it needs create on their schema`,
  },
  '42703': foreignTable,
  '42P10': foreignTable,
  // The schema in the table's name, a column of another type, a view, a trigger of somebody else's: the same the next time.
  '3F': { code: 'ERR_GIVEWAY_STORE_SETUP', sentence: answered },
  '42': { code: 'ERR_GIVEWAY_STORE_SETUP', sentence: answered },
  '23': { code: 'ERR_GIVEWAY_STORE_SETUP', sentence: answered },
  '55P03': {
    code: 'ERR_GIVEWAY_STORE_KEY',
    sentence: ({ table }) =>
      `waited in vain for a row of ${table.name} that another transaction keeps locked: somebody works on that table by hand`,
  },
  // A key or value that the database cannot take: a character it does not have, more than an index entry holds.
  '22': { code: 'ERR_GIVEWAY_STORE_KEY', sentence: answered },
  '54': { code: 'ERR_GIVEWAY_STORE_KEY', sentence: answered },
  '25006': { sentence: () => 'is read-only here (a replica, or default_transaction_read_only is on): giveway needs the primary' },
  '53300': { sentence: () => 'has no connection slot left: raise max_connections, or hand in a pool' },
  '57014': {
    sentence: ({ timeoutMs, table }) =>
      `gave up after ${timeoutMs} ms (statement_timeout): it is overloaded, or a transaction keeps a row of ${table.name} locked`,
  },
  '57P01': starting,
  '57P02': starting,
  '57P03': starting,
};

/** PgBouncer has one state for all it refuses while one connects. */
const poolerSays: readonly (readonly [RegExp, Meaning])[] = [
  [/no such database/i, noDatabase],
  [/password authentication failed|no such user|auth(?:entication)? failed/i, login],
];

export function meaningOf(sqlCode: string, message: string): Meaning {
  if (sqlCode === '08P01') return poolerSays.find(([pattern]) => pattern.test(message))?.[1] ?? { sentence: answered };
  return meanings[sqlCode] ?? meanings[sqlCode.slice(0, 2)] ?? { sentence: answered };
}
