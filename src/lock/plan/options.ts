import { InvalidOptionError } from '../errors.ts';
import { allowedNames } from '../nearest.ts';
import type { ResolvedOptions, RetryOptions, RunOptions, StarveAfter, StoreDownPolicy, TableOptions } from '../options.ts';
import { jobName } from '../record/record.ts';

/** Shortest and longest `ttlMs`. */
export const ttlRangeMs = { min: 1_000, max: 86_400_000 } as const;

const defaults: ResolvedOptions = {
  ttlMs: 30_000,
  maxHoldMs: 300_000,
  minHoldMs: 0,
  heartbeat: true,
  retry: { maxWaitMs: 10_000, delayMs: 50, maxDelayMs: 1_000, maxAttempts: Number.POSITIVE_INFINITY },
  onStoreDown: 'run',
  onBusy: 'skip',
  starveAfter: { skips: 10, ms: Number.POSITIVE_INFINITY },
  onStarving: 'event',
  job: undefined,
  signal: undefined,
};

type Check = (value: unknown) => boolean;
const wholeMs =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value);
const isObject: Check = (value) => typeof value === 'object' && value !== null;
const positive: readonly [Check, string] = [
  (value) => value === Number.POSITIVE_INFINITY || wholeMs(1, Number.MAX_SAFE_INTEGER)(value),
  'a positive integer or Infinity is allowed',
];
const longestWaitMs = 2 ** 31 - 1;

const rules: Record<keyof RunOptions | 'limits', readonly [Check, string]> = {
  ttlMs: [wholeMs(ttlRangeMs.min, ttlRangeMs.max), 'an integer from 1000 to 86400000 (milliseconds) is allowed'],
  maxHoldMs: positive,
  minHoldMs: [wholeMs(0, ttlRangeMs.max), 'an integer from 0 to 86400000 (milliseconds), at most ttlMs, is allowed'],
  heartbeat: [oneOf(true, false), 'true or false is allowed'],
  onStoreDown: [oneOf('run', 'skip', 'throw'), "'run', 'skip' or 'throw' is allowed"],
  onBusy: [oneOf('skip', 'retry'), "'skip' or 'retry' is allowed"],
  job: [(value) => typeof value === 'string' && value !== '', 'a non-empty string is allowed'],
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal is allowed'],
  retry: [isObject, 'an object { maxWaitMs, delayMs, maxDelayMs, maxAttempts } is allowed'],
  starveAfter: [isObject, 'an object { skips, ms } is allowed'],
  limits: [isObject, 'an object { appends, reads } is allowed'],
  onStarving: [oneOf('event', 'wait'), "'event' or 'wait' is allowed"],
};

const retryRules: Record<keyof RetryOptions, readonly [Check, string]> = {
  maxWaitMs: [wholeMs(0, longestWaitMs), `an integer from 0 to ${longestWaitMs} (milliseconds) is allowed`],
  delayMs: [wholeMs(1, longestWaitMs), `an integer from 1 to ${longestWaitMs} (milliseconds) is allowed`],
  maxDelayMs: [wholeMs(1, longestWaitMs), `an integer from 1 to ${longestWaitMs} (milliseconds) is allowed`],
  maxAttempts: positive,
};

const limitRule: readonly [Check, string] = [wholeMs(1, Number.MAX_SAFE_INTEGER), 'a whole number from 1 up is allowed'];
const limitRules = { appends: limitRule, reads: limitRule };
const starveRules: Record<keyof StarveAfter, readonly [Check, string]> = { skips: positive, ms: positive };

/** Refuses unknown options and values out of range, naming the field. `path` is put before the field's name. */
export function checkOptions(options: unknown, path = '', known: readonly string[] = runOptionNames): void {
  if (options === undefined) return;
  requireOptions(options, path);
  for (const [name, value] of Object.entries(options as object)) {
    if (!known.includes(name)) throw unknownOption(path + name, value, name, known);
    const rule = rules[name as keyof typeof rules];
    if (rule === undefined || value === undefined) continue;
    if (!rule[0](value)) throw new InvalidOptionError(path + name, value, rule[1]);
    if (name === 'retry') checkGroup(value as object, retryRules, `${path}retry.`);
    if (name === 'limits') checkGroup(value as object, limitRules, `${path}limits.`);
    if (name === 'starveAfter') checkGroup(value as object, starveRules, `${path}starveAfter.`);
  }
}

/** Refuses what can have no options, for callers without types. */
export function requireOptions(options: unknown, path = ''): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError(path === '' ? 'options' : path.slice(0, -1), options, 'an object is allowed');
}

/**
 * The nearest setting wins: call, then table, then locker, then what the integration that calls thinks best (`weak`). Nobody
 * waits longer than its `retry.maxWaitMs`, whoever says so: it knows when a wait has become pointless.
 * Several tables: the shortest hold, the strictest policy.
 */
export function resolveOptions(
  call: RunOptions | undefined,
  tables: readonly TableOptions[],
  locker: RunOptions,
  weak?: RunOptions,
): ResolvedOptions {
  const table = tables.length > 1 ? strictest(tables, { ...defaults, ...given(weak), ...given(locker) }) : tables[0];
  const retry = { ...defaults.retry, ...given(weak?.retry), ...given(locker.retry), ...given(table?.retry), ...given(call?.retry) };
  const resolved: ResolvedOptions = {
    ...defaults,
    ...given(weak),
    ...given(locker),
    ...given(table),
    ...given(call),
    retry: { ...retry, maxWaitMs: Math.min(retry.maxWaitMs, weak?.retry?.maxWaitMs ?? retry.maxWaitMs) },
    starveAfter: { ...defaults.starveAfter, ...given(locker.starveAfter), ...given(call?.starveAfter) },
  };
  if (resolved.minHoldMs > resolved.ttlMs)
    throw new InvalidOptionError('minHoldMs', resolved.minHoldMs, `at most ttlMs (${resolved.ttlMs}) is allowed`);
  return { ...resolved, job: jobName(resolved.job) };
}

/** The names of the options that `checkOptions` knows. */
export const runOptionNames: readonly string[] = Object.keys(rules).filter((name) => name !== 'limits');
export const lockOptionNames: readonly string[] = runOptionNames.filter((name) => !['onBusy', 'starveAfter', 'onStarving'].includes(name));

export function unknownOption(path: string, value: unknown, name: string, known: readonly string[]): InvalidOptionError {
  return new InvalidOptionError(path, value, `there is no such option${allowedNames(name, known)}`);
}

function checkGroup(group: object, groupRules: Readonly<Record<string, readonly [Check, string]>>, path: string): void {
  for (const [name, value] of Object.entries(group)) {
    const rule = Object.hasOwn(groupRules, name) ? groupRules[name] : undefined;
    if (rule === undefined) throw unknownOption(path + name, value, name, Object.keys(groupRules));
    if (value !== undefined && !rule[0](value)) throw new InvalidOptionError(path + name, value, rule[1]);
  }
}

const policyOrder = ['run', 'skip', 'throw'] as const;

/** A table that says nothing about how it is held has what `otherwise` says, which may be the strictest. */
function strictest(
  tables: readonly TableOptions[],
  { ttlMs, maxHoldMs, minHoldMs, onStoreDown }: Pick<ResolvedOptions, 'ttlMs' | 'maxHoldMs' | 'minHoldMs' | 'onStoreDown'>,
): TableOptions {
  const complete = tables.map((table) => ({ ttlMs, maxHoldMs, minHoldMs, onStoreDown, ...given(table) }));
  const pick = <T>(name: keyof TableOptions, better: (a: T, b: T) => T): Record<string, T> => {
    const values = (complete as readonly TableOptions[]).flatMap((table) => (table[name] === undefined ? [] : [table[name] as T]));
    return values.length === 0 ? {} : { [name]: values.reduce(better) };
  };
  const smaller = (a: number, b: number): number => Math.min(a, b);
  return {
    // Long enough for the longest minHoldMs, or tables that are right by themselves could not go together.
    ttlMs: Math.max(Math.min(...complete.map((table) => table.ttlMs)), ...complete.map((table) => table.minHoldMs)),
    ...pick('maxHoldMs', smaller),
    ...pick<number>('minHoldMs', (a, b) => Math.max(a, b)),
    ...pick<StoreDownPolicy>('onStoreDown', (a, b) => (policyOrder.indexOf(a) > policyOrder.indexOf(b) ? a : b)),
    ...pick<'skip' | 'retry'>('onBusy', (a, b) => (a === 'skip' || b === 'skip' ? 'skip' : 'retry')),
    ...pick<RetryOptions>('retry', (a, b) =>
      (b.maxWaitMs ?? defaults.retry.maxWaitMs) < (a.maxWaitMs ?? defaults.retry.maxWaitMs) ? b : a,
    ),
  };
}

/** Without the fields that are `undefined`, which would hide the next best setting. */
function given<T extends object>(options: T | undefined): Partial<T> {
  return options === undefined
    ? {}
    : (Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>);
}
