import { StoreUnavailableError } from '../../lock/errors.ts';

/** What `SdkError` of the Momento SDK carries, as far as we look. */
interface SdkError {
  errorCode?(): string;
}

/** May the write have taken effect although no answer came? */
export function isAmbiguous(error: unknown): boolean {
  return meanings[codeOf(error)]?.isDefinite !== true;
}

/** The error as the locker and its user get it. */
export function unavailable(error: unknown, cacheName: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const word = codeOf(error);
  const { message = '' } = (error ?? {}) as Partial<Error>;
  const { sentence, code } = meanings[word] ?? { sentence: () => `failed (${word}).` };
  return new StoreUnavailableError(`Momento, cache "${cacheName}": ${sentence(cacheName, word, message)}`, {
    cause: error,
    ...(code && { code }),
  });
}

interface Meaning {
  /** Nothing was done, for sure. */
  readonly isDefinite?: true;
  /** What the caller is told by; none: the service cannot serve now. */
  readonly code?: `ERR_GIVEWAY_${string}`;
  readonly sentence: (cacheName: string, word: string, message: string) => string;
}

const unreachable: Meaning = {
  sentence: (_, word) => `cannot be reached (${word}). Check the endpoint in the credentials, and the network.`,
};
const failed: Meaning = {
  sentence: (_, word) => `the service itself failed (${word}). That mostly passes; if not, look at the status of Momento.`,
};
const refused: Meaning = {
  isDefinite: true,
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: (_, word, message) => `the request was refused (${word}: ${message}). A ttlMs beyond what the cache allows may be why.`,
};

/** By the SDK's `errorCode`. */
const meanings: Readonly<Record<string, Meaning>> = {
  AUTHENTICATION_ERROR: {
    isDefinite: true,
    code: 'ERR_GIVEWAY_STORE_AUTH',
    sentence: () => 'the API key was not accepted. Check the credential provider of the client.',
  },
  PERMISSION_ERROR: {
    isDefinite: true,
    code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
    sentence: () => 'the API key may not read and write this cache. Give it a role that may.',
  },
  NOT_FOUND_ERROR: {
    isDefinite: true,
    code: 'ERR_GIVEWAY_STORE_SETUP',
    sentence: (cacheName) => `there is no such cache. Create "${cacheName}", or name another.`,
  },
  INVALID_ARGUMENT_ERROR: refused,
  BAD_REQUEST_ERROR: refused,
  FAILED_PRECONDITION_ERROR: refused,
  LIMIT_EXCEEDED_ERROR: {
    isDefinite: true,
    sentence: () => 'a limit of the account was exceeded. Have it raised, or lock less often.',
  },
  CLIENT_RESOURCE_EXHAUSTED: {
    isDefinite: true,
    sentence: () => 'the client has too many requests under way. Raise maxConcurrentRequests in its configuration.',
  },
  TIMEOUT_ERROR: {
    code: 'ERR_GIVEWAY_STORE_TIMEOUT',
    sentence: () => "no answer within the client's own deadline. Give its configuration a longer one, or look at the network.",
  },
  SERVER_UNAVAILABLE: unreachable,
  CONNECTION_ERROR: unreachable,
  INTERNAL_SERVER_ERROR: failed,
  UNKNOWN_SERVICE_ERROR: failed,
};

function codeOf(error: unknown): string {
  const { errorCode } = (error ?? {}) as SdkError;
  if (typeof errorCode === 'function') return errorCode.call(error);
  return error instanceof Error ? error.name : 'unknown error';
}
