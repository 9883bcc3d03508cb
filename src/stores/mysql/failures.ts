import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';
import { isTlsSetup } from '../certificates.ts';
import { codeOf, messageOf, sentenceOfNetwork } from '../sql/network.ts';
import type { Failure, Progress } from '../sql/resend.ts';
import { createTableSql } from './table.ts';

type Code = `ERR_GIVEWAY_${string}`;

/**
 * Shutting down; killed; idle for too long; a prepared statement that is gone; and a server that only reads: after a fail-over the old
 * primary can go on as a replica, and keep every connection it has.
 */
const uselessConnection: ReadonlySet<number> = new Set([1053, 1243, 1290, 1615, 1792, 1836, 1927, 4031]);
/** Deadlock; and under MariaDB's `innodb_snapshot_isolation`, or Galera, a row or a commit that another transaction was before us with. */
const conflicts: ReadonlySet<number> = new Set([1020, 1213, 1180]);

export function failureOf(error: unknown): Failure {
  const number = serverNumber(error);
  if (number === undefined || uselessConnection.has(number)) return 'lost';
  if (conflicts.has(number)) return 'conflict';
  return number === 1146 ? 'no-table' : 'refused';
}

/** What is known when an operation fails. */
export interface Circumstances {
  readonly table: string;
  /** `host:port`, where known. */
  readonly address: string | undefined;
  readonly timeoutMs: number;
  readonly stage: Progress['stage'];
}

interface Meaning {
  /** None: the server cannot serve now. */
  readonly code?: Code;
  readonly sentence: (message: string, circumstances: Circumstances) => string;
}

const login: Meaning = { code: 'ERR_GIVEWAY_STORE_AUTH', sentence: (message) => `refused the login: ${message}` };
const forbidden: Meaning = {
  code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
  sentence: (message, { table }) =>
    `refused access (${message}): grant select, insert, update, delete on ${table} to this user; to make it, create too`,
};
const foreignTable: Meaning = {
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: (_, { table }) => `has a table ${table} that is not giveway's: choose another name with the option \`table\``,
};
const noDatabase: Meaning = {
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: (message) => `has no such database (${message}): check the end of the uri, and the database in \`table\``,
};
const refusedEntry: Meaning = { code: 'ERR_GIVEWAY_STORE_KEY', sentence: (message) => `refused the entry: ${message}` };
const readOnly: Meaning = { sentence: () => 'is read-only here (a replica, or read_only is on): giveway needs the primary' };
const busyServer: Meaning = { sentence: () => 'has no connection left: raise max_connections, or hand in a pool' };
const stopped: Meaning = { sentence: (message) => `stopped the statement or the connection: ${message}` };

/** By the server's number. The rest is `answered`, and counts as an outage. */
const meanings: Readonly<Record<number, Meaning>> = {
  1045: login,
  1698: login,
  1251: login,
  1130: login,
  1044: forbidden,
  1142: forbidden,
  1143: forbidden,
  1227: forbidden,
  1370: forbidden,
  1049: noDatabase,
  1046: noDatabase,
  1146: {
    code: 'ERR_GIVEWAY_TABLE_MISSING',
    sentence: (_, { table }) => `has no table ${table}. Call createTable() once, or run:\n${createTableSql(table)}`,
  },
  1054: foreignTable,
  1288: foreignTable,
  1347: foreignTable,
  1366: foreignTable,
  1406: refusedEntry,
  1153: refusedEntry,
  1301: refusedEntry,
  1205: {
    code: 'ERR_GIVEWAY_STORE_KEY',
    sentence: (_, { table }) =>
      `waited in vain for a row of ${table} that another transaction keeps locked: somebody works on that table by hand`,
  },
  1290: readOnly,
  1792: readOnly,
  1836: readOnly,
  1040: busyServer,
  1203: busyServer,
  1226: busyServer,
  1053: stopped,
  1317: stopped,
  1927: stopped,
  4031: stopped,
  1969: stopped,
  3024: stopped,
};

/** The error for the caller: says what happened and what to do, and never with which credentials. */
export function explain(error: unknown, circumstances: Circumstances): GivewayError {
  if (error instanceof GivewayError && !isTimeout(error)) return error;
  const { address, stage, timeoutMs } = circumstances;
  const because = (sentence: string, code: Code | undefined): StoreUnavailableError =>
    new StoreUnavailableError(`${address === undefined ? 'MySQL' : `MySQL at ${address}`} ${sentence}`, {
      cause: error,
      ...(code && { code }),
    });
  if (isTimeout(error)) {
    const silent = 'gave no greeting or no connection in time: it hangs, the pool is used up, or it is a server of another kind';
    return because(stage === 'asking' ? `did not answer within ${timeoutMs} ms` : silent, 'ERR_GIVEWAY_STORE_TIMEOUT');
  }
  const number = serverNumber(error);
  const message = messageOf(error);
  if (number === undefined) return because(sentenceOfNetwork(error, stage), isSetupOfClient(error) ? 'ERR_GIVEWAY_STORE_SETUP' : undefined);
  const { code, sentence } = meanings[number] ?? { sentence: () => `answered ${number}: ${message}` };
  return because(sentence(message, circumstances), code);
}

/** What no server that comes back will mend: TLS that only one side speaks, a login by a plugin that mysql2 has not, a pool that was ended. */
function isSetupOfClient(error: unknown): boolean {
  return (
    isTlsSetup(error) ||
    ['HANDSHAKE_NO_SSL_SUPPORT', 'AUTH_SWITCH_PLUGIN_ERROR', 'ER_NOT_SUPPORTED_AUTH_MODE'].includes(codeOf(error) ?? '') ||
    /pool is closed/i.test(messageOf(error))
  );
}

/** The number of an error that the server sent, which comes with an SQLSTATE. Errors of the network have numbers too. */
function serverNumber(error: unknown): number | undefined {
  const { errno, sqlState } = (error ?? {}) as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && errno > 0 && typeof sqlState === 'string' ? errno : undefined;
}

function isTimeout(error: unknown): boolean {
  return codeOf(error) === 'ERR_GIVEWAY_STORE_TIMEOUT' || codeOf(error) === 'ETIMEDOUT';
}
