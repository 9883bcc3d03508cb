import { StoreUnavailableError } from '../../lock/errors.ts';
import { isTlsSetup } from '../certificates.ts';

const badCredentials = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'ExpiredTokenException',
  'InvalidClientTokenId',
]);
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** What an error of the AWS SDK carries, as far as we look. Told apart by name, since a process may hold two copies of the SDK. */
interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $fault?: 'client' | 'server';
}

/** The condition did not hold: a definite no. */
export function isRefusal(error: unknown): boolean {
  return nameOf(error) === 'ConditionalCheckFailedException';
}

/** May the write have taken effect although no answer came? */
export function isAmbiguous(error: unknown): boolean {
  return (error as SdkError).$fault !== 'client' && !badCredentials.has(nameOf(error)) && !neverConnected.has(codeOf(error));
}

/** May the table have other keys than the request? */
export function mayBeOtherKeys(error: unknown): boolean {
  return nameOf(error) === 'ValidationException' && /schema|key/i.test((error as SdkError).message ?? '');
}

/** What is known of a failure. */
interface Facts {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly isServers: boolean;
  readonly operation: string;
  readonly tableName: string;
  /** The table's keys in words, where they may be the reason. */
  readonly keySchema: string | undefined;
}

interface Meaning {
  readonly applies: (facts: Facts) => boolean;
  /** What the caller is told by; none: the service cannot serve now. */
  readonly code?: `ERR_GIVEWAY_${string}`;
  readonly sentence: (facts: Facts) => string;
}

const named =
  (...names: string[]) =>
  ({ name }: Facts): boolean =>
    names.includes(name);
const setup = 'ERR_GIVEWAY_STORE_SETUP';
const notAccepted = ({ name }: Facts): string => `the credentials were not accepted (${name}). Check those of the client, and its clock.`;
const notConnected = ({ code }: Facts): string =>
  `the connection failed (${code}). Check the endpoint of the client, http or https, and the network.`;
const failed = ({ code, name }: Facts): string =>
  `failed (${code || name}); the cause says why. Check region, credentials and endpoint of the client.`;

/** The first that applies. */
const meanings: readonly Meaning[] = [
  {
    applies: named('ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded', 'LimitExceededException'),
    sentence: ({ name }) => `throttled (${name}). Give the table more capacity, or set it to on-demand.`,
  },
  {
    applies: named('CredentialsProviderError', 'TokenProviderError'),
    code: 'ERR_GIVEWAY_STORE_AUTH',
    sentence: ({ name }) => `the client found no credentials (${name}). Give it some, or its host a role.`,
  },
  // They were right once: whoever renews them is out of reach.
  { applies: named('ExpiredTokenException'), sentence: notAccepted },
  { applies: ({ name }) => badCredentials.has(name), code: 'ERR_GIVEWAY_STORE_AUTH', sentence: notAccepted },
  {
    applies: named('AccessDeniedException'),
    code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
    sentence: ({ operation }) => `not allowed. The role needs dynamodb:${operation} on this table.`,
  },
  {
    applies: named('ResourceNotFoundException'),
    code: 'ERR_GIVEWAY_TABLE_MISSING',
    sentence: ({ tableName }) =>
      `there is no such table in the client's region and account. Create "${tableName}" with store.createTable(), or name another.`,
  },
  {
    applies: ({ name, message }) => name === 'ValidationException' && /item size|size of (?:hash|range) ?key/i.test(message),
    code: 'ERR_GIVEWAY_STORE_KEY',
    sentence: ({ message }) => `the key or its record is too large (${message}).`,
  },
  {
    applies: named('ValidationException'),
    code: setup,
    sentence: ({ message, keySchema = 'unknown, since it could not be asked for' }) =>
      `the request does not fit the table (${message}). Its keys: ${keySchema}. Set partitionKeyName and sortKeyName by them; both must be of type S.`,
  },
  {
    applies: ({ code }) => neverConnected.has(code),
    sentence: ({ code }) => `cannot be reached (${code}). Check the region or endpoint of the client, and the network.`,
  },
  {
    applies: ({ name, code, message }) => name === 'SyntaxError' || code.startsWith('HPE_') || /Parse Error/.test(message),
    code: setup,
    sentence: () => 'what answered does not speak DynamoDB. Check the endpoint of the client.',
  },
  { applies: isTlsSetup, code: setup, sentence: notConnected },
  { applies: ({ code }) => /^E[A-Z]+$/.test(code), sentence: notConnected },
  {
    applies: ({ isServers }) => isServers,
    sentence: ({ name }) => `the service itself failed (${name}). That mostly passes; if not, look at the status of AWS.`,
  },
  {
    applies: ({ message }) => message === 'Region is missing',
    code: setup,
    sentence: () => 'the client has no region. Give it one, or set AWS_REGION.',
  },
  { applies: ({ code }) => code === 'ERR_INVALID_URL', code: setup, sentence: failed },
];

/** The error as the locker and its user get it. The cause may quote the request; the message does not. */
export function unavailable(error: unknown, operation: string, tableName: string, keySchema?: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const { $fault, message = '' } = error as SdkError;
  const facts: Facts = {
    name: nameOf(error),
    code: codeOf(error),
    message,
    isServers: $fault === 'server',
    operation,
    tableName,
    keySchema,
  };
  const { code, sentence } = meanings.find(({ applies }) => applies(facts)) ?? { code: undefined, sentence: failed };
  return new StoreUnavailableError(`DynamoDB, ${operation} on table "${tableName}": ${sentence(facts)}`, {
    cause: error,
    ...(code && { code }),
  });
}

function nameOf(error: unknown): string {
  return (error as SdkError | undefined)?.name ?? 'unknown error';
}

/** Where a test runner has realms of its own, the SDK does not know Node's errors as errors and keeps their text alone. */
function codeOf(error: unknown): string {
  const { code, message = '' } = (error ?? {}) as SdkError;
  if (code !== undefined) return code;
  return message.endsWith('socket hang up') ? 'ECONNRESET' : (/\b(?:E[A-Z]{5,}|HPE_[A-Z_]+)\b/.exec(message)?.[0] ?? '');
}
