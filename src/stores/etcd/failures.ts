import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';

/** The server may have done it, or may do it when asked again. */
export function isAmbiguous(error: unknown): boolean {
  return /^(1 CANCELLED|2 UNKNOWN|4 DEADLINE_EXCEEDED|13 INTERNAL|14 UNAVAILABLE)\b/.test(messageOf(error));
}

/** We chose the number of the lease, so if it exists, an earlier send of the same grant was done. */
export function saysLeaseExists(error: unknown): boolean {
  return messageOf(error).includes('lease already exists');
}

/** The error for the caller: says what happened and what to do. `lastError` is what the last send met, if anything. */
export function explain(error: unknown, timeoutMs: number, lastError: unknown): GivewayError {
  if (!(error instanceof GivewayError)) {
    const { sentence, code } = meaningOf(error);
    return new StoreUnavailableError(`etcd ${sentence}`, { cause: error, ...(code && { code }) });
  }
  if (error.code !== 'ERR_GIVEWAY_STORE_TIMEOUT') return error;
  const { sentence, code = 'ERR_GIVEWAY_STORE_TIMEOUT' } = lastError === undefined ? { sentence: '' } : meaningOf(lastError);
  const why = sentence === '' ? '' : `: it ${sentence}`;
  return new StoreUnavailableError(`etcd did not answer within ${timeoutMs} ms${why}`, { cause: lastError ?? error, code });
}

interface Meaning {
  readonly sentence: string;
  /** What the caller is told by; none: it cannot serve now. */
  readonly code?: `ERR_GIVEWAY_${string}`;
}

const login = 'ERR_GIVEWAY_STORE_AUTH';
const setup = 'ERR_GIVEWAY_STORE_SETUP';

/** What a server or etcd3 says, what it means, and whose fault it is. */
const meanings: readonly (readonly [says: RegExp, sentence: string, code?: Meaning['code']])[] = [
  [/authentication failed/, 'refused the login: check the user name and the password that the client was made with', login],
  [/user name is empty/, 'wants a login: make the client with `auth: { username, password }`', login],
  [/authentication is not enabled/, 'has no users: make the client without `auth`, or enable authentication', login],
  [
    /permission denied/i,
    "refused access: the user's role needs readwrite on the keys that begin with giveway's",
    'ERR_GIVEWAY_STORE_FORBIDDEN',
  ],
  [/request is too large/, 'takes no record so large: raise --max-request-bytes, or let fewer share one name', 'ERR_GIVEWAY_STORE_KEY'],
  [/database space exceeded/, 'is full (alarm NOSPACE): compact, defragment and disarm it'],
  [/no leader|request timed out|not capable/, 'has no leader: a majority of its members must be up and reach each other'],
  [/requested lease not found|expired or revoked/, 'took longer to write than the TTL is long: it is overloaded'],
  [/too many requests/, 'is overloaded: too many requests'],
  [/already closed/, 'cannot be asked: the client was closed', 'ERR_GIVEWAY_STORE_CLOSED'],
  [
    /circuit breaker is open|BrokenCircuit/i,
    "was not asked: the client's own breaker is open after failures in a row; make it with `faultHandling: { host: () => noop, global: noop }`",
  ],
  [/ECONNREFUSED/, 'refuses connections: is it running, and is this the right port?'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, 'cannot be found: the name of the host does not resolve'],
  [
    /wrong version number|not answer as|self.signed certificate|unable to (?:verify|get)|altnames/i,
    'broke the connection: it is a server of another kind (with TLS it is https://, in a store URL etcds://), or its certificate is not trusted',
    setup,
  ],
  [
    /ECONNRESET|EPIPE|socket hang up|Connection dropped|Failed to connect|Received RST_STREAM|Protocol error|frame|ERR_HTTP2/i,
    'broke the connection: it has gone, or it is a server of another kind (with TLS it is https://, in a store URL etcds://)',
  ],
  // Its last word where nothing more is known.
  [/No connection established/, 'cannot be connected to: is it running, and do host and port match?'],
];

function meaningOf(error: unknown): Meaning {
  const message = messageOf(error);
  const [, sentence = `cannot be asked: ${message}`, code = undefined] = meanings.find(([says]) => says.test(message)) ?? [];
  return { sentence, ...(code && { code }) };
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}
