import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';
import type { Adapter } from './adapter.ts';

/** What is known when an operation fails. */
export interface Circumstances {
  readonly state: Adapter['state'];
  readonly timeoutMs: number;
  /** What the client said last, if it has not been connected since. */
  readonly lastError: unknown;
  /** It got connections, and lost them before one word was said. */
  readonly isTurnedAway: boolean;
}

/** The server's own answer, rather than a sentence of the client: begins with a word in capitals. */
export function isErrorReply(error: unknown): boolean {
  return replyCode(error) !== undefined;
}

/** The error for the caller: says what happened and what to do. */
export function explain(error: unknown, circumstances: Circumstances): GivewayError {
  const isTimeout = error instanceof GivewayError && error.code === 'ERR_GIVEWAY_STORE_TIMEOUT';
  if (error instanceof GivewayError && !isTimeout) return error;
  const { state, lastError } = circumstances;
  const sentence = isTimeout ? sentenceForSilence(circumstances) : sentenceFor(error, state);
  return new StoreUnavailableError(`Redis ${sentence}`, {
    cause: withoutCommand(isTimeout && state !== 'ready' && lastError !== undefined ? lastError : error),
    ...(isTimeout && { code: 'ERR_GIVEWAY_STORE_TIMEOUT' as const }),
  });
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
  switch (replyCode(error)) {
    case 'NOAUTH':
    case 'WRONGPASS':
      return 'refused the login: check the password, and the user name if there is one, that the client was made with';
    case 'NOPERM':
      return `refused a command: the user needs "+get +set +del +eval +publish" on giveway's keys, and for push "+subscribe" on its channel (${message})`;
    case 'READONLY':
      return 'is a read-only replica here: the client must connect to the primary';
    case 'LOADING':
      return 'is still loading its data';
    case 'MASTERDOWN':
    case 'CLUSTERDOWN':
    case 'TRYAGAIN':
      return `cannot serve the key now (${message})`;
    case 'MOVED':
    case 'ASK':
    case 'CROSSSLOT':
      return 'is a cluster: make the client with `new Redis.Cluster` (ioredis) or `createCluster` (node-redis)';
    case 'OOM':
      return "is full and writes nothing more: raise maxmemory, or let it evict what is not giveway's";
    case 'MISCONF':
    case 'NOREPLICAS':
      return `refuses writes (${message})`;
    case 'BUSY':
      return "is busy with somebody else's script";
    case 'WRONGTYPE':
      return 'keeps something else under this key: give giveway a `prefix` of its own';
    case undefined:
      break;
    default:
      return `answered: ${message}`;
  }
  if (/protocol error|unknown RESP type/i.test(message)) return 'does not answer as Redis does: a server of another kind is on that port';
  if (state === 'closed')
    return 'cannot be asked: the client is closed. A client of node-redis needs connect() first; one that gave up has ended for good';
  if (/ECONNREFUSED/.test(message)) return 'refuses connections: is it running, and is this the right port?';
  return `cannot be reached: ${message}`;
}

/** Redis 6 wraps the error of a command that ran in a script: `ERR Error running script (…): … -READONLY You can't …`. */
function replyCode(error: unknown): string | undefined {
  const message = messageOf(error);
  return (/^ERR Error running script.* -([A-Z]{3,}) /.exec(message) ?? /^([A-Z]{3,}) /.exec(message))?.[1];
}

function messageOf(error: unknown): string {
  // To a name with several addresses Node connects to each, and says nothing but who failed.
  const { message, errors = [] } = (error ?? {}) as { message?: unknown; errors?: readonly unknown[] };
  if (message === '' && errors.length > 0) return errors.map(messageOf).join('; ');
  return typeof message === 'string' ? message : String(error);
}
