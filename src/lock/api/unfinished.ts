import { GivewayError } from '../errors.ts';

/**
 * Work may return what runs only when somebody reads it: its lock would be let go before the first row. Gives the error for
 * such a value: a generator object, async or not, a stream with something still to read or write, a child process that runs.
 * Arrays and other iterables hold what they give; what has a `then` was awaited.
 */
export function unfinished(value: unknown): GivewayError | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const what = runsLater(value);
  if (what === undefined) return undefined;
  return new GivewayError(
    'ERR_GIVEWAY_UNFINISHED_WORK',
    `The work returned ${what}, which would go on without its lock. Use it up inside the work, and return what came of it.`,
  );
}

function runsLater(value: object): string | undefined {
  try {
    if (isGenerator(value)) return 'a generator object';
    if (isOpenStream(value) || isWebStream(value)) return 'a stream';
    return isRunningProcess(value) ? 'a child process' : undefined;
  } catch {
    return undefined; // a proxy, or a getter, that will not be asked
  }
}

/** By what it can do: compilers make generators of plain objects. Iterators of collections cannot `throw`. */
function isGenerator(value: object): boolean {
  const { next, return: end, throw: fail } = value as Partial<Generator>;
  const isIterable = Symbol.iterator in value || Symbol.asyncIterator in value;
  return isIterable && [next, end, fail].every((method) => typeof method === 'function');
}

/** Node's own and those of `readable-stream`: each side that there is has ended, or the whole is destroyed. */
function isOpenStream(value: object): boolean {
  const { destroyed, _readableState, readableEnded, _writableState, writableFinished } = value as Readonly<Record<string, unknown>>;
  const sides = [
    ...(typeof _readableState === 'object' ? [readableEnded] : []),
    ...(typeof _writableState === 'object' ? [writableFinished] : []),
  ];
  return destroyed !== true && sides.some((isOver) => isOver !== true);
}

/** Of one of these nobody but its reader or writer can tell whether it has ended. */
function isWebStream(value: object): boolean {
  const { getReader, getWriter, locked } = value as Readonly<Record<string, unknown>>;
  return typeof locked === 'boolean' && (typeof getReader === 'function' || typeof getWriter === 'function');
}

function isRunningProcess(value: object): boolean {
  const { spawnfile, exitCode, signalCode } = value as Readonly<Record<string, unknown>>;
  return typeof spawnfile === 'string' && exitCode === null && signalCode === null;
}
