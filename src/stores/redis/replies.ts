import { StoreUnavailableError } from '../../lock/errors.ts';

/** What an error that the server sent means. */
export interface Meaning {
  /** What the caller is told by; none: the server cannot serve now. */
  readonly code?: `ERR_GIVEWAY_${string}`;
  readonly sentence: (message: string) => string;
}

const forbidden: Meaning = {
  code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
  sentence: (message) =>
    `refused a command: the user needs "+get +set +del +eval +publish" on giveway's keys, for fences "+time" and the key giveway::fence, and for push "+subscribe" on its channel (${message})`,
};
const login: Meaning = {
  code: 'ERR_GIVEWAY_STORE_AUTH',
  sentence: () => 'refused the login: check the password, and the user name if there is one, that the client was made with',
};
const isCluster: Meaning = {
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: () => 'is a cluster: make the client with `new Redis.Cluster` (ioredis) or `createCluster` (node-redis)',
};
const cannotServeKey: Meaning = { sentence: (message) => `cannot serve the key now (${message})` };
const refusesWrites: Meaning = { sentence: (message) => `refuses writes (${message})` };

/** By the word that the answer begins with. */
const meanings: Readonly<Record<string, Meaning>> = {
  NOAUTH: login,
  WRONGPASS: login,
  NOPERM: forbidden,
  MOVED: isCluster,
  ASK: isCluster,
  CROSSSLOT: isCluster,
  WRONGTYPE: {
    code: 'ERR_GIVEWAY_STORE_SETUP',
    sentence: () => 'keeps something else under this key: give giveway a `prefix` of its own',
  },
  READONLY: { sentence: () => 'is a read-only replica here: the client must connect to the primary' },
  LOADING: { sentence: () => 'is still loading its data' },
  MASTERDOWN: cannotServeKey,
  CLUSTERDOWN: cannotServeKey,
  TRYAGAIN: cannotServeKey,
  MISCONF: refusesWrites,
  NOREPLICAS: refusesWrites,
  OOM: { sentence: () => "is full and writes nothing more: raise maxmemory, or let it evict what is not giveway's" },
  BUSY: { sentence: () => "is busy with somebody else's script" },
};

const answered = (message: string): string => `answered: ${message}`;
/** Of the many answers that begin with ERR, by their text; any other may pass. */
const errors: readonly (readonly [RegExp, Meaning])[] = [
  // A script may not do what its user may not.
  [/can't run this command|can't access at least one of the keys|no permissions/i, forbidden],
  [/invalid password|invalid username-password|AUTH .*without any password|no password is set/i, login],
  [
    /unknown command|syntax error|wrong number of arguments|DB index is out of range/i,
    { code: 'ERR_GIVEWAY_STORE_SETUP', sentence: answered },
  ],
];

/** `undefined`: it is no answer of the server, but a sentence of the client. */
export function meaningOf(error: unknown): Meaning | undefined {
  const message = messageOf(error);
  const word = wordOf(message);
  if (word === undefined) return undefined;
  return meanings[word] ?? errors.find(([pattern]) => pattern.test(message))?.[1] ?? { sentence: answered };
}

/** Of what a caller is told. */
export function isForbidden(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.code === forbidden.code;
}

/** Of what a caller is told: the server is a node of a cluster, and the keys of a script lie in two of its slots. */
export function isCrossSlot(error: unknown): boolean {
  return error instanceof StoreUnavailableError && wordOf(messageOf(error.cause)) === 'CROSSSLOT';
}

/** The server's own answer begins with a word in capitals. */
export function isErrorReply(error: unknown): boolean {
  return wordOf(messageOf(error)) !== undefined;
}

/** Redis 6 wraps the error of a command that ran in a script: `ERR Error running script (…): … -READONLY You can't …`. */
function wordOf(message: string): string | undefined {
  return (/^ERR Error running script.* -([A-Z]{3,}) /.exec(message) ?? /^([A-Z]{3,}) /.exec(message))?.[1];
}

export function messageOf(error: unknown): string {
  // To a name with several addresses Node connects to each, and says nothing but who failed.
  const { message, errors: several = [] } = (error ?? {}) as { message?: unknown; errors?: readonly unknown[] };
  if (message === '' && several.length > 0) return several.map(messageOf).join('; ');
  return typeof message === 'string' ? message : String(error);
}
