import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';
import type { Greeting } from './greeting.ts';
import { createTableSql, type LockTable } from './table.ts';

/**
 * What a failed statement means for the one who sent it.
 * - `lost`: the connection broke, and the statement may have been done; or it is of no use any more, and another may be.
 * - `conflict`: rolled back in favour of another transaction; it may be sent again.
 * - `no-table`: refused, since the lock table is not there.
 * - `refused`: refused for another reason. Nothing was done.
 */
export type Failure = 'lost' | 'conflict' | 'no-table' | 'refused';

/**
 * A prepared statement that is gone, is somebody else's, or returns another type since the table was altered; and a server that
 * only reads: after a fail-over the old primary can go on as a replica, and keep every connection it has; and a transaction that
 * somebody else left behind.
 */
const staleConnection: ReadonlySet<string> = new Set(['26000', '42P05', '0A000', '25006', '25P02']);

export function failureOf(error: unknown): Failure {
  const code = sqlState(error);
  if (code === undefined || code.startsWith('08') || /^57P0[1-5]$/.test(code) || staleConnection.has(code)) return 'lost';
  if (code === '40001' || code === '40P01') return 'conflict';
  return code === '42P01' ? 'no-table' : 'refused';
}

/** What poolers answer to settings while one connects: PgBouncer that it does not know them, RDS Proxy that it supports none. */
export function refusesSettings(error: unknown): boolean {
  const code = sqlState(error);
  return code === '0A000' || (code === '08P01' && /unsupported startup parameter/i.test(messageOf(error)));
}

/** What is known when an operation fails. */
export interface Circumstances {
  readonly table: LockTable;
  /** `host:port`, where known. */
  readonly address: string | undefined;
  readonly timeoutMs: number;
  /** How far the operation had come. */
  readonly stage: 'connecting' | 'asking';
  /** What was heard while connecting, where that is known. */
  readonly greeting: Greeting | undefined;
}

/** The error for the caller: says what happened and what to do, and never with which credentials. */
export function explain(error: unknown, circumstances: Circumstances): GivewayError {
  if (error instanceof GivewayError && !isTimeout(error)) return error;
  const { address, stage, greeting, table, timeoutMs } = circumstances;
  const server = address === undefined ? 'Postgres' : `Postgres at ${address}`;
  const because = (sentence: string): StoreUnavailableError => new StoreUnavailableError(`${server} ${sentence}`, { cause: error });
  if (stage === 'connecting' && greeting === 'foreign') return because('is a server of another kind: it does not answer as Postgres does');
  if (failureOf(error) === 'no-table') {
    const message = `${server} has no table ${table.name}. Call createTable() once, or run:\n${createTableSql(table.name)}`;
    return new StoreUnavailableError(message, { cause: error, code: 'ERR_GIVEWAY_TABLE_MISSING' });
  }
  if (isTimeout(error)) {
    const sentence = stage === 'asking' ? 'did not answer' : greeting === 'silent' ? 'said nothing' : 'gave no connection';
    const hint = sentence === 'said nothing' ? ': it hangs, or is a server of another kind' : '';
    const message = `${server} ${sentence} within ${timeoutMs} ms${hint}`;
    return new StoreUnavailableError(message, { cause: error, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
  }
  return because(sentenceFor(error, circumstances));
}

function sentenceFor(error: unknown, { table, timeoutMs, stage }: Circumstances): string {
  const code = sqlState(error);
  switch (codeOf(error)) {
    case '28P01':
      return 'refused the login: check user, password and pg_hba.conf';
    case '28000':
      return `refused the login: ${messageOf(error)}. Check the user and pg_hba.conf; "no encryption": add sslmode to the connection string`;
    case '3D000':
      return 'has no such database: check the end of the connection string';
    case '25006':
      return 'is read-only here (a replica, or default_transaction_read_only is on): giveway needs the primary';
    case '42501':
      return `refused access (${messageOf(error)}): grant select, insert, update, delete on ${table.name} and usage on sequence ${table.name}_version to this user; to make them it needs create on their schema`;
    case '42703':
    case '42P10':
      return `has a table ${table.name} that is not giveway's: choose another name with the option \`table\``;
    case '53300':
      return 'has no connection slot left: raise max_connections, or hand in a pool';
    case '57014':
      return `gave up after ${timeoutMs} ms (statement_timeout): it is overloaded, or a transaction keeps a row of ${table.name} locked`;
    case '57P01':
    case '57P02':
    case '57P03':
      return 'is starting up or shutting down';
    case 'ECONNREFUSED':
      return 'refuses connections: is it running, and is this the right port?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'cannot be found: the name of the host does not resolve';
    default:
      if (code !== undefined) return `answered ${code}: ${messageOf(error)}`;
      return stage === 'connecting' ? `cannot be reached: ${messageOf(error)}` : `broke the connection: ${messageOf(error)}`;
  }
}

/** The code of an error that the server sent. Errors of the network have codes too, and no severity. */
function sqlState(error: unknown): string | undefined {
  return (error as { severity?: unknown } | undefined)?.severity === undefined ? undefined : codeOf(error);
}

function isTimeout(error: unknown): boolean {
  return codeOf(error) === 'ERR_GIVEWAY_STORE_TIMEOUT' || /^timeout exceeded|connection timeout$/i.test(messageOf(error));
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}
