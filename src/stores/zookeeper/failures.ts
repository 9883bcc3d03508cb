import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';

const codes = { connectionLoss: -4, noNode: -101, badVersion: -103, nodeExists: -110, sessionExpired: -112 } as const;

/** The connection broke before the answer came: it may have been done. */
export function isLoss(error: unknown): boolean {
  return hasCode(error, codes.connectionLoss, codes.sessionExpired);
}

export function saysNoNode(error: unknown): boolean {
  return hasCode(error, codes.noNode);
}

export function saysNodeExists(error: unknown): boolean {
  return hasCode(error, codes.nodeExists);
}

/** A definite no: the node is not as it was. */
export function saysChanged(error: unknown): boolean {
  return hasCode(error, codes.noNode, codes.badVersion, codes.nodeExists);
}

/** What is known when an operation fails. */
export interface Circumstances {
  readonly isConnected: boolean;
  readonly timeoutMs: number;
  readonly root: string;
}

/** The error for the caller: says what happened and what to do. */
export function explain(error: unknown, { isConnected, timeoutMs, root }: Circumstances): GivewayError {
  if (!(error instanceof GivewayError)) return new StoreUnavailableError(`ZooKeeper ${sentenceFor(error, root)}`, { cause: error });
  if (error.code !== 'ERR_GIVEWAY_STORE_TIMEOUT') return error;
  const sentence = isConnected
    ? `did not answer within ${timeoutMs} ms`
    : `gave no session within ${timeoutMs} ms: is it running, is it ZooKeeper that listens on this port, and has the client been connected?`;
  return new StoreUnavailableError(`ZooKeeper ${sentence}`, { cause: error, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
}

function sentenceFor(error: unknown, root: string): string {
  const message = error instanceof Error ? error.message : String(error);
  switch (codeOf(error)) {
    case codes.connectionLoss:
      return 'broke the connection again and again';
    case codes.sessionExpired:
      return 'ended the session, and its client does not come back from that: hand in a function that makes a client';
    case codes.noNode:
      return `cannot make "${root}": the node at the end of the connection string (its chroot) is missing. Make it, or leave it out`;
    case -102:
      return `refused access: the client needs create, read, write and delete on "${root}" and all below it (\`addAuthInfo\`, \`acls\`)`;
    case -111:
      return `keeps something of somebody else's below "${root}": give giveway a \`root\` of its own`;
    case -114:
      return 'refused the option `acls`';
    case -115:
      return 'refused the login: check what was given to `addAuthInfo`';
    default:
      return codeOf(error) === undefined ? `cannot be asked: ${message}` : `answered: ${message}`;
  }
}

function hasCode(error: unknown, ...wanted: readonly number[]): boolean {
  return wanted.includes(codeOf(error) ?? 0);
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}
