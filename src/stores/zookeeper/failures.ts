import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';

const codes = {
  connectionLoss: -4,
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  invalidAcl: -114,
  authFailed: -115,
} as const;

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
  if (!(error instanceof GivewayError)) {
    const { sentence, code } = meaningOf(error, root);
    return new StoreUnavailableError(`ZooKeeper ${sentence}`, { cause: error, ...(code && { code }) });
  }
  if (error.code !== 'ERR_GIVEWAY_STORE_TIMEOUT') return error;
  const sentence = isConnected
    ? `did not answer within ${timeoutMs} ms`
    : `gave no session within ${timeoutMs} ms: is it running, is it ZooKeeper that listens on this port, and has the client been connected?`;
  return new StoreUnavailableError(`ZooKeeper ${sentence}`, { cause: error, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
}

interface Meaning {
  readonly sentence: string;
  /** What the caller is told by; none: it cannot serve now. */
  readonly code?: `ERR_GIVEWAY_${string}`;
}

const setup = 'ERR_GIVEWAY_STORE_SETUP';

/** By the number that the server gave. */
const meanings: Readonly<Record<number, (root: string) => Meaning>> = {
  [codes.connectionLoss]: () => ({ sentence: 'broke the connection again and again' }),
  [codes.sessionExpired]: () => ({
    sentence: 'ended the session, and its client does not come back from that: hand in a function that makes a client',
  }),
  [codes.noNode]: (root) => ({
    sentence: `cannot make "${root}": the node at the end of the connection string (its chroot) is missing. Make it, or leave it out`,
    code: setup,
  }),
  [codes.noAuth]: (root) => ({
    sentence: `refused access: the client needs create, read, write and delete on "${root}" and all below it (\`addAuthInfo\`, \`acls\`)`,
    code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
  }),
  [codes.notEmpty]: (root) => ({
    sentence: `keeps something of somebody else's below "${root}": give giveway a \`root\` of its own`,
    code: setup,
  }),
  [codes.invalidAcl]: () => ({ sentence: 'refused the option `acls`', code: setup }),
  [codes.authFailed]: () => ({ sentence: 'refused the login: check what was given to `addAuthInfo`', code: 'ERR_GIVEWAY_STORE_AUTH' }),
};

function meaningOf(error: unknown, root: string): Meaning {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined) return { sentence: `cannot be asked: ${message}` };
  return meanings[code]?.(root) ?? { sentence: `answered: ${message}` };
}

function hasCode(error: unknown, ...wanted: readonly number[]): boolean {
  return wanted.includes(codeOf(error) ?? 0);
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}
