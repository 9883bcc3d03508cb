import { StoreUnavailableError } from '../../lock/errors.ts';

const throttling = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
]);
const noCredentials = new Set(['CredentialsProviderError', 'TokenProviderError']);
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

/** The error as the locker and its user get it. The cause may quote the request; the message does not. */
export function unavailable(error: unknown, operation: string, tableName: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  return new StoreUnavailableError(`DynamoDB, ${operation} on table "${tableName}": ${explanation(error, operation, tableName)}`, {
    cause: error,
  });
}

function explanation(error: unknown, operation: string, tableName: string): string {
  const name = nameOf(error);
  const code = codeOf(error);
  if (throttling.has(name)) return `throttled (${name}). Give the table more capacity, or set it to on-demand.`;
  if (noCredentials.has(name)) return `the client found no credentials (${name}). Give it some, or its host a role.`;
  if (badCredentials.has(name)) return `the credentials were not accepted (${name}). Check those of the client, and its clock.`;
  if (name === 'AccessDeniedException') return `not allowed. The role needs dynamodb:${operation} on this table.`;
  if (name === 'ResourceNotFoundException')
    return `there is no such table in the client's region and account. Create "${tableName}" with store.createTable(), or name another.`;
  if (name === 'ValidationException')
    return `the request does not fit the table (${(error as Error).message}). Check partitionKeyName and sortKeyName against its key schema.`;
  if (neverConnected.has(code)) return `cannot be reached (${code}). Check the region or endpoint of the client, and the network.`;
  if (name === 'SyntaxError' || code.startsWith('HPE_') || /Parse Error/.test((error as Error).message))
    return 'what answered does not speak DynamoDB. Check the endpoint of the client.';
  if (/^E[A-Z]+$/.test(code)) return `the connection failed (${code}). Check the endpoint of the client, http or https, and the network.`;
  if ((error as SdkError).$fault === 'server')
    return `the service itself failed (${name}). That mostly passes; if not, look at the status of AWS.`;
  if ((error as Error).message === 'Region is missing') return 'the client has no region. Give it one, or set AWS_REGION.';
  return `failed (${code || name}); the cause says why. Check region, credentials and endpoint of the client.`;
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
