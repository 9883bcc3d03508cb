import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';

type Code = `ERR_GIVEWAY_${string}`;

/** SQLite's result codes, as far as something follows from them. */
const results: Readonly<Record<number, string>> = {
  1: 'ERROR',
  3: 'PERM',
  5: 'BUSY',
  6: 'LOCKED',
  8: 'READONLY',
  10: 'IOERR',
  11: 'CORRUPT',
  13: 'FULL',
  14: 'CANTOPEN',
  15: 'PROTOCOL',
  18: 'TOOBIG',
  23: 'AUTH',
  26: 'NOTADB',
};

/** `BUSY` for 517 and for `SQLITE_BUSY_SNAPSHOT`: one driver gives the number, another the name, and both are finer than we need. */
function resultOf(error: unknown): string | undefined {
  const { errcode, code } = (error ?? {}) as { errcode?: unknown; code?: unknown };
  if (typeof errcode === 'number') return results[errcode & 0xff];
  return typeof code === 'string' ? /^SQLITE_([A-Z]+)/.exec(code)?.[1] : undefined;
}

/** Somebody else has the file locked for a moment. Nothing was done, and it may be tried again. */
export function isBusy(error: unknown): boolean {
  return ['BUSY', 'LOCKED', 'PROTOCOL'].includes(resultOf(error) ?? '');
}

interface Meaning {
  /** None: the file cannot be used now. */
  readonly code?: Code;
  readonly sentence: (message: string) => string;
}

const forbidden: Meaning = {
  code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
  sentence: (message) =>
    `may not be used (${message}): this user needs to read and write the file, its -wal and -shm, and to make files in its folder`,
};
const foreign: Meaning = {
  code: 'ERR_GIVEWAY_STORE_SETUP',
  sentence: (message) => `is not a lock file of giveway's (${message}): name another one`,
};

const meanings: Readonly<Record<string, Meaning>> = {
  PERM: forbidden,
  READONLY: forbidden,
  AUTH: forbidden,
  CANTOPEN: forbidden,
  NOTADB: foreign,
  CORRUPT: foreign,
  ERROR: foreign,
  FULL: { sentence: () => 'has no room left on its disk' },
  TOOBIG: { code: 'ERR_GIVEWAY_STORE_KEY', sentence: (message) => `refuses the entry: ${message}` },
};

/** The error for the caller: what happened to the file, and what to do. */
export function explain(error: unknown, file: string, timeoutMs: number): GivewayError {
  if (error instanceof GivewayError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { code, sentence } = isBusy(error)
    ? kept(timeoutMs)
    : (meanings[resultOf(error) ?? ''] ?? { sentence: () => `failed: ${message}` });
  return new StoreUnavailableError(`${file} ${sentence(message)}`, { cause: error, ...(code && { code }) });
}

function kept(timeoutMs: number): Meaning {
  return {
    code: 'ERR_GIVEWAY_STORE_TIMEOUT',
    sentence: () => `was locked by another process for ${timeoutMs} ms: a stopped one, a slow disk, or a program that is not giveway`,
  };
}
