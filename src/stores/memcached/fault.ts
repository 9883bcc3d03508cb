import { StoreUnavailableError } from '../../lock/errors.ts';
import { isTlsSetup } from '../certificates.ts';
import type { Address } from './addresses.ts';
import type { Reply } from './request.ts';

export type Protocol = 'binary' | 'meta';

/** What a socket fails with; OpenSSL has a short `reason` beside its long message. */
export interface SocketError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/** Why a connection is of no more use. */
export interface Fault {
  readonly kind: 'fault';
  /** What happened and what to do about it. Never holds credentials. */
  readonly message: string;
  readonly code?: `ERR_GIVEWAY_${string}`;
  readonly cause?: unknown;
  /** Another connection would meet the same. */
  readonly isFinal?: boolean;
}

const tlsHint = ' If it expects TLS, set `tls`';

export function couldNotConnect(cause: unknown): Fault {
  return { kind: 'fault', message: `could not connect (${wordsOf(cause)}); is memcached running, and do host and port match?`, cause };
}

export function couldNotLoad(cause: unknown): Fault {
  return {
    kind: 'fault',
    message: `its transport could not be loaded (${wordsOf(cause)}); is memjs installed?`,
    cause,
    code: 'ERR_GIVEWAY_PEER_MISSING',
    isFinal: true,
  };
}

export function noConnection(timeoutMs: number): Fault {
  const message = `no connection within ${timeoutMs} ms; do host and port match, and does a firewall let them through?`;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_TIMEOUT' };
}

/** `mayExpectTls`: the server has not said anything yet in plain text. */
export function connectionLost(cause: unknown, mayExpectTls: boolean): Fault {
  const hint = mayExpectTls ? ` before the server had answered anything; does memcached listen there?${tlsHint}` : '';
  return { kind: 'fault', message: `the connection broke (${wordsOf(cause)})${hint}`, cause };
}

/** `missing`: the protocol in which the server has not answered anything yet on this connection; `mayExpectTls`: it was asked in plain text. */
export function noAnswer(timeoutMs: number, missing?: Protocol, mayExpectTls = false): Fault {
  const hint = missing
    ? `; it has never answered on this connection: does memcached listen there, and does it speak the ${missing} protocol?${mayExpectTls ? tlsHint : ''}`
    : '';
  return { kind: 'fault', message: `no answer within timeoutMs = ${timeoutMs} ms${hint}`, code: 'ERR_GIVEWAY_STORE_TIMEOUT' };
}

export function notMemcached(protocol: Protocol): Fault {
  const message = `what answers there does not speak memcached's ${protocol} protocol; check host and port, and whether it expects TLS`;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_SETUP', isFinal: true };
}

export function noSecureConnection(timeoutMs: number): Fault {
  const message = `connected, but no TLS within ${timeoutMs} ms; does the server speak TLS on this port? If not, leave out \`tls\``;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_TIMEOUT' };
}

/** Either side may refuse the other's certificate, or not speak TLS at all. */
export function tlsFailed(cause: SocketError | string): Fault {
  const { code = '', reason = undefined } = typeof cause === 'string' ? {} : cause;
  const hint = /^E(PROTO|RR_SSL)|^ECONN|^$/.test(code)
    ? 'does the server speak TLS on this port, and does it ask for a certificate (`tls.cert`, `tls.key`)?'
    : 'its authority belongs in `tls.ca`, and `servers` must name the server as its certificate does';
  const message = `no TLS connection (${reason ?? wordsOf(cause)}); ${hint}`;
  return { kind: 'fault', message, cause, ...(isTlsSetup(cause) && { code: 'ERR_GIVEWAY_STORE_TLS' }) };
}

export function tooOld(version: string): Fault {
  const message = `version ${version.slice(0, 40)} is too old for the meta protocol, which needs memcached 1.6.13; update it, or set \`protocol: 'binary'\``;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_NO_META', isFinal: true };
}

export function noMeta(): Fault {
  const message = "the server does not know memcached's meta commands, which 1.6.13 has; set `protocol: 'binary'` if it speaks that";
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_NO_META', isFinal: true };
}

/** An answer after which the connection is of no use. */
export function refused(line: string): Fault {
  return { kind: 'fault', message: `the server answered "${line.slice(0, 100)}"`, isFinal: true };
}

export function outOfStep(): Fault {
  return { kind: 'fault', message: 'a reply does not belong to its request; the connection was given up' };
}

export function notAuthenticated(hasCredentials: boolean): Fault {
  const message = hasCredentials
    ? 'the server refused the credentials; check `username` and `password`'
    : 'the server asks for credentials; pass `username` and `password`';
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_AUTH', isFinal: true };
}

export function closed(): Fault {
  return { kind: 'fault', message: 'the store was closed', code: 'ERR_GIVEWAY_STORE_CLOSED', isFinal: true };
}

/** A definite answer that is neither yes nor no. */
export function failed({ status, value }: Reply): Fault {
  const answer = `the server answered "${value.slice(0, 100)}"`;
  if (/too large/i.test(value)) return { kind: 'fault', message: answer, code: 'ERR_GIVEWAY_STORE_KEY', isFinal: true };
  const hint = status === 'outOfMemory' ? '; it is out of memory: give memcached more (-m), or let it evict (no -M)' : '';
  return { kind: 'fault', message: `${answer}${hint}`, isFinal: true };
}

/** To an append: the entry is there, at the version that was named, and the server did not add to it. */
export function noRoom(bytes: number): Fault {
  const message = `the server found no room to let an entry grow to ${bytes} bytes; give memcached larger items (-I), or more memory (-m)`;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_KEY', isFinal: true };
}

/** Without CAS numbers nobody can tell his own entry from a successor's, so there is nothing to fall back to. */
export function noCas(): Fault {
  const message =
    'the server gives no CAS numbers (started with -C, or an emulation without them), so it cannot hold locks safely; use another';
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_NO_CAS', isFinal: true };
}

export function noUptime(): Fault {
  const message = 'the server does not tell its uptime, which `quarantine` needs; turn it off there';
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_SETUP', isFinal: true };
}

export function quarantined(restMs: number): Fault {
  const seconds = Math.ceil(restMs / 1_000);
  const message = `restarted lately and has forgotten its locks; in quarantine for ${seconds} s more, until the last of them has ended`;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_QUARANTINE', isFinal: true };
}

/** The error a caller gets. */
export function unavailable({ name }: Address, { message, code, cause }: Omit<Fault, 'kind'>): StoreUnavailableError {
  return new StoreUnavailableError(`memcached ${name}: ${message}`, { ...(code && { code }), ...(cause !== undefined && { cause }) });
}

/** Connecting to a name with several addresses fails with an AggregateError, whose own message is empty. */
function wordsOf(cause: unknown): string {
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map(wordsOf))].join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
