import { StoreUnavailableError } from '../../lock/errors.ts';

/** What `SdkError` of the Momento SDK carries, as far as we look. */
interface SdkError {
  errorCode?(): string;
}

const definite = new Set([
  'AUTHENTICATION_ERROR',
  'PERMISSION_ERROR',
  'NOT_FOUND_ERROR',
  'LIMIT_EXCEEDED_ERROR',
  'CLIENT_RESOURCE_EXHAUSTED',
  'INVALID_ARGUMENT_ERROR',
  'BAD_REQUEST_ERROR',
  'FAILED_PRECONDITION_ERROR',
]);

/** May the write have taken effect although no answer came? */
export function isAmbiguous(error: unknown): boolean {
  return !definite.has(codeOf(error));
}

/** The error as the locker and its user get it. */
export function unavailable(error: unknown, cacheName: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const code = codeOf(error);
  const timeout = code === 'TIMEOUT_ERROR' ? { code: 'ERR_GIVEWAY_STORE_TIMEOUT' as const } : {};
  const { message } = (error ?? {}) as Partial<Error>;
  return new StoreUnavailableError(`Momento, cache "${cacheName}": ${explanation(code, cacheName, message)}`, { cause: error, ...timeout });
}

function explanation(code: string, cacheName: string, message: string | undefined): string {
  switch (code) {
    case 'AUTHENTICATION_ERROR':
      return 'the API key was not accepted. Check the credential provider of the client.';
    case 'PERMISSION_ERROR':
      return 'the API key may not read and write this cache. Give it a role that may.';
    case 'NOT_FOUND_ERROR':
      return `there is no such cache. Create "${cacheName}", or name another.`;
    case 'LIMIT_EXCEEDED_ERROR':
      return 'a limit of the account was exceeded. Have it raised, or lock less often.';
    case 'CLIENT_RESOURCE_EXHAUSTED':
      return 'the client has too many requests under way. Raise maxConcurrentRequests in its configuration.';
    case 'TIMEOUT_ERROR':
      return "no answer within the client's own deadline. Give its configuration a longer one, or look at the network.";
    case 'SERVER_UNAVAILABLE':
    case 'CONNECTION_ERROR':
      return `cannot be reached (${code}). Check the endpoint in the credentials, and the network.`;
    case 'INTERNAL_SERVER_ERROR':
    case 'UNKNOWN_SERVICE_ERROR':
      return `the service itself failed (${code}). That mostly passes; if not, look at the status of Momento.`;
    case 'INVALID_ARGUMENT_ERROR':
    case 'BAD_REQUEST_ERROR':
    case 'FAILED_PRECONDITION_ERROR':
      return `the request was refused (${code}: ${message}). A ttlMs beyond what the cache allows may be why.`;
    default:
      return `failed (${code}).`;
  }
}

function codeOf(error: unknown): string {
  const { errorCode } = (error ?? {}) as SdkError;
  if (typeof errorCode === 'function') return errorCode.call(error);
  return error instanceof Error ? error.name : 'unknown error';
}
