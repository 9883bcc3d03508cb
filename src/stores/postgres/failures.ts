import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';
import { isTlsSetup } from '../certificates.ts';
import { codeOf, messageOf, sentenceOfNetwork } from '../sql/network.ts';
import type { Failure, Progress } from '../sql/resend.ts';
import type { Greeting } from './greeting.ts';
import { meaningOf } from './states.ts';
import type { LockTable } from './table.ts';

type Code = `ERR_GIVEWAY_${string}`;

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
  readonly table: Pick<LockTable, 'name'>;
  /** `host:port`, where known. */
  readonly address: string | undefined;
  readonly timeoutMs: number;
  readonly stage: Progress['stage'];
  /** What was heard while connecting, where that is known. */
  readonly greeting: Greeting | undefined;
}

/** The error for the caller: says what happened and what to do, and never with which credentials. */
export function explain(error: unknown, circumstances: Circumstances): GivewayError {
  if (error instanceof GivewayError && !isTimeout(error)) return error;
  const { address, stage, greeting, table, timeoutMs } = circumstances;
  const server = address === undefined ? 'Postgres' : `Postgres at ${address}`;
  const because = (sentence: string, code: Code | undefined): StoreUnavailableError =>
    new StoreUnavailableError(`${server} ${sentence}`, { cause: error, ...(code && { code }) });
  if (stage === 'connecting' && greeting === 'foreign')
    return because('is a server of another kind: it does not answer as Postgres does', 'ERR_GIVEWAY_STORE_SETUP');
  if (isTimeout(error)) {
    const sentence = stage === 'asking' ? 'did not answer' : greeting === 'silent' ? 'said nothing' : 'gave no connection';
    const hint = sentence === 'said nothing' ? ': it hangs, or is a server of another kind' : '';
    return because(`${sentence} within ${timeoutMs} ms${hint}`, 'ERR_GIVEWAY_STORE_TIMEOUT');
  }
  const sqlCode = sqlState(error);
  if (sqlCode === undefined)
    return because(sentenceOfNetwork(error, stage), isSetupOfClient(error) ? 'ERR_GIVEWAY_STORE_SETUP' : undefined);
  const { code, sentence } = meaningOf(sqlCode, messageOf(error));
  return because(sentence({ message: messageOf(error), table, timeoutMs, sqlCode }), code);
}

/** What `pg` itself says of a connection string, or of the pool it was handed, and what no server that comes back will mend. */
function isSetupOfClient(error: unknown): boolean {
  return isTlsSetup(error) || /^SASL|does not support SSL|after calling end on the pool/.test(messageOf(error));
}

/** The code of an error that the server sent. Errors of the network have codes too, and no severity. */
function sqlState(error: unknown): string | undefined {
  return (error as { severity?: unknown } | undefined)?.severity === undefined ? undefined : codeOf(error);
}

function isTimeout(error: unknown): boolean {
  return codeOf(error) === 'ERR_GIVEWAY_STORE_TIMEOUT' || /^timeout exceeded|connection timeout$/i.test(messageOf(error));
}
