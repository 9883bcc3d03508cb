import { InvalidOptionError } from '../../lock/errors.ts';

declare const wholeSeconds: unique symbol;

/**
 * A lifetime in memcached's own unit, whole seconds. A type of its own, because the mistake is silent: a number of
 * milliseconds here means a date in the past, and memcached answers "stored" for an entry that is already gone.
 */
export type Exptime = number & { readonly [wholeSeconds]: true };

/** Beyond 30 days memcached reads a date since 1970. */
const longestExptime = 30 * 24 * 60 * 60;

/**
 * One second because an entry of N seconds lives only N-1 to N (the clock is a tick of one second), and one for the
 * tick that memcached sometimes skips (about every 20 minutes, measured on 1.6.18).
 */
const reserve = 2;

/** The exptime with which an entry lives at least `ttlMs`, and at most about 3 s longer. The only place that converts. */
export function exptimeFor(ttlMs: number): Exptime {
  const exptime = Math.ceil(ttlMs / 1_000) + reserve;
  if (typeof ttlMs === 'number' && ttlMs > 0 && exptime <= longestExptime) return exptime as Exptime;
  throw new InvalidOptionError(
    'ttlMs',
    ttlMs,
    `a number of milliseconds above 0, at most ${(longestExptime - reserve) * 1_000}, is allowed`,
  );
}
