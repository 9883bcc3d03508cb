import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';
import { isTlsSetup } from '../certificates.ts';
import type { Adapter } from './adapter.ts';
import { meaningOf, messageOf } from './replies.ts';

/** What is known when an operation fails. */
export interface Circumstances {
  readonly state: Adapter['state'];
  readonly timeoutMs: number;
  /** What the client said last, if it has not been connected since. */
  readonly lastError: unknown;
  /** It got connections, and lost them before one word was said. */
  readonly isTurnedAway: boolean;
  /** It is connected, or has been. */
  readonly wasReady: boolean;
}

type Code = `ERR_GIVEWAY_${string}`;

/** The error for the caller: says what happened and what to do. */
export function explain(error: unknown, circumstances: Circumstances): GivewayError {
  const isTimeout = error instanceof GivewayError && error.code === 'ERR_GIVEWAY_STORE_TIMEOUT';
  if (error instanceof GivewayError && !isTimeout) return error;
  const { state, lastError } = circumstances;
  const cause = isTimeout && state !== 'ready' && lastError !== undefined ? lastError : error;
  const sentence = isTimeout ? sentenceForSilence(circumstances) : sentenceFor(error, state);
  const code = codeFor(cause, circumstances) ?? (isTimeout ? 'ERR_GIVEWAY_STORE_TIMEOUT' : undefined);
  return new StoreUnavailableError(`Redis ${sentence}`, { cause: withoutCommand(cause), ...(code && { code }) });
}

/** None: the server cannot serve now, or nobody knows. */
function codeFor(cause: unknown, { state, lastError, wasReady }: Circumstances): Code | undefined {
  const meaning = meaningOf(cause);
  if (meaning !== undefined) return meaning.code;
  const isNeverConnected = state === 'closed' && !wasReady && lastError === undefined;
  const isSetup = isNeverConnected || isTlsSetup(cause) || isForeign(cause);
  return isSetup ? 'ERR_GIVEWAY_STORE_SETUP' : undefined;
}

/** ioredis puts the command on its errors, with all arguments: the password of a login, the token of a lock. Loggers print them. */
function withoutCommand(error: unknown): unknown {
  if (!(error instanceof Error) || !('command' in error)) return error;
  const { name, message, stack } = error;
  return Object.assign(new Error(message), { name, stack });
}

function sentenceForSilence({ state, timeoutMs, lastError, isTurnedAway }: Circumstances): string {
  if (state === 'ready') return `did not answer within ${timeoutMs} ms`;
  const away = `was not connected within ${timeoutMs} ms`;
  const hangsUp = lastError === undefined || /EPIPE|ECONNRESET|closed/.test(messageOf(lastError));
  if (isTurnedAway && hangsUp) return `${away}: the server closes every connection at once. Is it Redis at all, and does it expect TLS?`;
  if (lastError === undefined)
    return `${away}: nobody answers. Do host and port match, and does the server speak TLS if, and only if, the client does?`;
  return `${away}: it ${sentenceFor(lastError, 'away')}`;
}

function sentenceFor(error: unknown, state: Adapter['state']): string {
  const message = messageOf(error);
  const meaning = meaningOf(error);
  if (meaning !== undefined) return meaning.sentence(message);
  if (isForeign(error)) return 'does not answer as Redis does: a server of another kind is on that port';
  if (state === 'closed')
    return 'cannot be asked: the client is closed. A client of node-redis needs connect() first; one that gave up has ended for good';
  if (/ECONNREFUSED/.test(message)) return 'refuses connections: is it running, and is this the right port?';
  return `cannot be reached: ${message}`;
}

function isForeign(error: unknown): boolean {
  return /protocol error|unknown RESP type/i.test(messageOf(error));
}
