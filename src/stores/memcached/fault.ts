import { StoreUnavailableError } from '../../lock/errors.ts';
import type { Address } from './addresses.ts';
import { type Reply, statuses } from './wire.ts';

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

export function couldNotConnect(cause: unknown): Fault {
  return { kind: 'fault', message: `could not connect (${wordsOf(cause)}); is memcached running, and do host and port match?`, cause };
}

export function noConnection(timeoutMs: number): Fault {
  const message = `no connection within ${timeoutMs} ms; do host and port match, and does a firewall let them through?`;
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_TIMEOUT' };
}

export function connectionLost(cause: unknown): Fault {
  return { kind: 'fault', message: `the connection broke (${wordsOf(cause)})`, cause };
}

export function noAnswer(timeoutMs: number, hasAnswered: boolean): Fault {
  const hint = hasAnswered
    ? ''
    : '; it has never answered on this connection: does memcached listen there, and does it speak the binary protocol?';
  return { kind: 'fault', message: `no answer within timeoutMs = ${timeoutMs} ms${hint}`, code: 'ERR_GIVEWAY_STORE_TIMEOUT' };
}

export function notMemcached(): Fault {
  return { kind: 'fault', message: "what answers there does not speak memcached's binary protocol; check host and port", isFinal: true };
}

export function outOfStep(): Fault {
  return { kind: 'fault', message: 'a reply does not belong to its request; the connection was given up' };
}

export function notAuthenticated(hasCredentials: boolean): Fault {
  const message = hasCredentials
    ? 'the server refused the SASL credentials; check `username` and `password`'
    : 'the server asks for SASL credentials; pass `username` and `password`';
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_STORE_AUTH', isFinal: true };
}

export function closed(): Fault {
  return { kind: 'fault', message: 'the store was closed', isFinal: true };
}

/** A definite answer that is neither yes nor no. */
export function failed({ status, value }: Reply): Fault {
  const code = `status 0x${status.toString(16).padStart(2, '0')}`;
  if (status === statuses.outOfMemory) {
    return { kind: 'fault', message: `out of memory (${code}); give memcached more (-m), or let it evict (no -M)`, isFinal: true };
  }
  return { kind: 'fault', message: `the server answered "${value.slice(0, 100)}" (${code})`, isFinal: true };
}

/** Without CAS numbers nobody can tell his own entry from a successor's, so there is nothing to fall back to. */
export function noCas(): Fault {
  const message =
    'the server gives no CAS numbers (started with -C, or an emulation without them), so it cannot hold locks safely; use another';
  return { kind: 'fault', message, code: 'ERR_GIVEWAY_NO_CAS', isFinal: true };
}

export function noUptime(): Fault {
  return { kind: 'fault', message: 'the server does not tell its uptime, which `quarantine` needs; turn it off there', isFinal: true };
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
