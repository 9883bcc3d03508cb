import { InvalidOptionError } from '../errors.ts';
import { allowedNames } from '../nearest.ts';
import type { ResolvedOptions, RetryOptions, RunOptions, StarveAfter, TableOptions } from '../options.ts';
import { jobName } from '../record/record.ts';

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
/** What a field may be, in words that follow what was received, and the rules of what is in it. */
export type Rule = readonly [isAllowed: Check, allowed: string, fields?: Rules];
export interface Rules {
  readonly [field: string]: Rule;
}

export const whole =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
export const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value);
export const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const positive: Rule = [
  (value) => value === Number.POSITIVE_INFINITY || whole(1, Number.MAX_SAFE_INTEGER)(value),
  'a positive integer or Infinity is allowed',
];
/** The longest that a timer can take. */
export const longestWaitMs: number = 2 ** 31 - 1;

const retryRules: Record<keyof RetryOptions, Rule> = {
  maxWaitMs: [whole(0, longestWaitMs), `an integer from 0 to ${longestWaitMs} (milliseconds) is allowed`],
  delayMs: [whole(1, longestWaitMs), `an integer from 1 to ${longestWaitMs} (milliseconds) is allowed`],
  maxDelayMs: [whole(1, longestWaitMs), `an integer from 1 to ${longestWaitMs} (milliseconds) is allowed`],
  maxAttempts: positive,
};
export const flag: Rule = [oneOf(true, false), 'true or false is allowed'];
export const count: Rule = [whole(1, Number.MAX_SAFE_INTEGER), 'a whole number from 1 up is allowed'];
const starveRules: Record<keyof StarveAfter, Rule> = { skips: positive, ms: positive };

const rules: Record<keyof RunOptions | 'limits', Rule> = {
  ttlMs: [whole(ttlRangeMs.min, ttlRangeMs.max), 'an integer from 1000 to 86400000 (milliseconds) is allowed'],
  maxHoldMs: positive,
  minHoldMs: [whole(0, ttlRangeMs.max), 'an integer from 0 to 86400000 (milliseconds), at most ttlMs, is allowed'],
  heartbeat: flag,
  onStoreDown: [oneOf('run', 'skip', 'throw'), "'run', 'skip' or 'throw' is allowed"],
  onBusy: [oneOf('skip', 'retry'), "'skip' or 'retry' is allowed"],
  job: [(value) => typeof value === 'string' && value !== '', 'a non-empty string is allowed'],
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal is allowed'],
  retry: [isObject, 'an object { maxWaitMs, delayMs, maxDelayMs, maxAttempts } is allowed', retryRules],
  starveAfter: [isObject, 'an object { skips, ms } is allowed', starveRules],
  limits: [isObject, 'an object { appends, reads } is allowed', { appends: count, reads: count }],
  onStarving: [oneOf('event', 'wait'), "'event' or 'wait' is allowed"],
};

/** Refuses unknown options and values out of range, naming the field. `path` is put before the field's name. */
export function checkOptions(options: unknown, path = '', known: readonly string[] = runOptionNames): void {
  if (options !== undefined) checkFields(options, rules, path, known);
}

/** The same by other rules. Fields that are known without a rule are judged elsewhere. */
export function checkFields(options: unknown, fieldRules: Rules, path = '', known: readonly string[] = Object.keys(fieldRules)): void {
  requireOptions(options, path);
  for (const [name, value] of Object.entries(options as object)) {
    if (!known.includes(name)) throw unknownOption(path + name, value, name, known);
    const rule = fieldRules[name];
    if (rule === undefined || value === undefined) continue;
    const [isAllowed, allowed, inner] = rule;
    if (!isAllowed(value)) throw new InvalidOptionError(path + name, value, allowed);
    if (inner !== undefined) checkFields(value, inner, `${path}${name}.`);
  }
}

/** Refuses what can have no options, for callers without types. */
export function requireOptions(options: unknown, path = ''): void {
  if (!isObject(options)) throw new InvalidOptionError(path === '' ? 'options' : path.slice(0, -1), options, 'an object is allowed');
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
  return complete(layered(tables, locker, weak), call, weak);
}

/** What counts where the call says nothing. Judged only when it is complete: the call may set right what does not go together. */
export function layered(tables: readonly TableOptions[], locker: RunOptions, weak?: RunOptions): ResolvedOptions {
  const table = tables.length > 1 ? strictest(tables, { ...defaults, ...given(weak), ...given(locker) }) : tables[0];
  return {
    ...defaults,
    ...given(weak),
    ...given(locker),
    ...given(table),
    retry: { ...defaults.retry, ...given(weak?.retry), ...given(locker.retry), ...given(table?.retry) },
    starveAfter: { ...defaults.starveAfter, ...given(locker.starveAfter) },
    job: jobName(locker.job ?? weak?.job),
  };
}

/** `base`, as `layered` gives it, with what the call says. */
export function complete(base: ResolvedOptions, call: RunOptions | undefined, weak?: RunOptions): ResolvedOptions {
  const resolved = call === undefined && weak === undefined ? base : overlaid(base, call, weak);
  if (resolved.minHoldMs > resolved.ttlMs)
    throw new InvalidOptionError('minHoldMs', resolved.minHoldMs, `at most ttlMs (${resolved.ttlMs}) is allowed`);
  return resolved;
}

function overlaid(base: ResolvedOptions, call: RunOptions = {}, weak: RunOptions = {}): ResolvedOptions {
  const retry = call.retry === undefined ? base.retry : { ...base.retry, ...given(call.retry) };
  const longestWaitMs = weak.retry?.maxWaitMs ?? retry.maxWaitMs;
  return {
    ...base,
    ...given(call),
    retry: retry.maxWaitMs <= longestWaitMs ? retry : { ...retry, maxWaitMs: longestWaitMs },
    starveAfter: call.starveAfter === undefined ? base.starveAfter : { ...base.starveAfter, ...given(call.starveAfter) },
    job: call.job === undefined ? base.job : jobName(call.job),
  };
}

export const runOptionNames: readonly string[] = Object.keys(rules).filter((name) => name !== 'limits');
export const lockOptionNames: readonly string[] = runOptionNames.filter((name) => !['onBusy', 'starveAfter', 'onStarving'].includes(name));

export function unknownOption(path: string, value: unknown, name: string, known: readonly string[]): InvalidOptionError {
  return new InvalidOptionError(path, value, `there is no such option${allowedNames(name, known)}`);
}

/** A table that says nothing about how it is held has what counts for all, which may be the strictest. */
function strictest(
  tables: readonly TableOptions[],
  { ttlMs, maxHoldMs, minHoldMs, onStoreDown }: Pick<ResolvedOptions, 'ttlMs' | 'maxHoldMs' | 'minHoldMs' | 'onStoreDown'>,
): TableOptions {
  const complete = tables.map((table) => ({ ttlMs, maxHoldMs, minHoldMs, onStoreDown, ...given(table) }));
  const longestMinHoldMs = Math.max(...complete.map((table) => table.minHoldMs));
  const waits = tables.flatMap(({ retry }) => retry ?? []);
  return {
    // Long enough for the longest minHoldMs, or tables that are right by themselves could not go together.
    ttlMs: Math.max(Math.min(...complete.map((table) => table.ttlMs)), longestMinHoldMs),
    maxHoldMs: Math.min(...complete.map((table) => table.maxHoldMs)),
    minHoldMs: longestMinHoldMs,
    onStoreDown: (['throw', 'skip'] as const).find((policy) => complete.some((table) => table.onStoreDown === policy)) ?? 'run',
    ...given({
      onBusy: (['skip', 'retry'] as const).find((answer) => tables.some((table) => table.onBusy === answer)),
      retry: waits.length === 0 ? undefined : waits.reduce((a, b) => (longestWaitOf(b) < longestWaitOf(a) ? b : a)),
    }),
  };
}

function longestWaitOf({ maxWaitMs = defaults.retry.maxWaitMs }: RetryOptions): number {
  return maxWaitMs;
}

export type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Without the fields that are `undefined`, which would hide the next best setting. */
export function given<T extends object>(options: T | undefined): Given<T> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options ?? {})) if (value !== undefined) fields[name] = value;
  return fields as Given<T>;
}
