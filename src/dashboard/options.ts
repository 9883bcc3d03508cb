import { InvalidOptionError } from '../lock/errors.ts';
import { nearestNames } from '../lock/nearest.ts';
import type { Forecast } from './archive.ts';
import type { Inspected, Resources } from './observatory.ts';
import type { ReadJournal } from './pages.ts';
import type { Unlock } from './unlock.ts';

export interface DashboardOptions {
  /** Whose locks are shown. It is only read. */
  readonly locker: Inspected;
  /** Tables to show beside those in the journal: a list, the `resources` of a config, or a function. Default none. */
  readonly resources?: Resources;
  /** `resources` finds every table that is held, as the list of a store that can list its keys does. Default `false`. */
  readonly listsAll?: boolean;
  /** The past: a journal of this process, or of the fleet. Without one the page shows the present only. */
  readonly journal?: ReadJournal;
  /** Whoever has it may look and unlock; 16 characters at least. Default: whoever reaches the handler may look, and nobody unlock. */
  readonly token?: string | undefined;
  /** How a lock is removed, as by `storeUnlock`. Default: not at all. Needs a `token`. */
  readonly unlock?: Unlock;
  /** The path it is mounted at, as `'/locks'`. Default `'/'`. */
  readonly basePath?: string;
  /** A job is starving after so many skips in a row. Default 10. */
  readonly starveAfterSkips?: number;
  /** Shown in the title, as `'production'`. Default none. */
  readonly environment?: string | undefined;
  /** What the locks live in, in words for the title, as `'Memcached'`. Never a URL: it may hold a password. Default none. */
  readonly store?: string | undefined;
  /** What is expected to be held between two times, drawn after now and fainter. Default nothing. */
  readonly forecast?: Forecast;
  /** How often the store is asked while somebody watches, in milliseconds. Default 1 000. */
  readonly refreshMs?: number;
}

const known: Readonly<Record<keyof DashboardOptions, true>> = {
  locker: true,
  resources: true,
  listsAll: true,
  journal: true,
  token: true,
  unlock: true,
  basePath: true,
  starveAfterSkips: true,
  environment: true,
  store: true,
  forecast: true,
  refreshMs: true,
};
export const optionNames: readonly string[] = Object.keys(known);
const shortestToken = 16;
/** A title is read at a glance. */
const longestTitle = 100;

/** Throws `InvalidOptionError` naming the option. */
export function checkOptions(options: DashboardOptions): DashboardOptions {
  checkNames(options, optionNames);
  const { locker, listsAll, token, unlock, basePath, starveAfterSkips, forecast, refreshMs } = options;
  const refuse = (path: string, received: unknown, allowed: string): never => {
    throw new InvalidOptionError(path, received, allowed);
  };
  if (typeof locker?.inspect !== 'function') refuse('locker', locker, 'a ResourceLocker is allowed');
  if (listsAll !== undefined && typeof listsAll !== 'boolean') refuse('listsAll', listsAll, 'true or false is allowed');
  // What was received stays out of the message: it is a secret, if a short one.
  if (token !== undefined && (typeof token !== 'string' || token.length < shortestToken))
    refuse(
      'token',
      typeof token === 'string' ? `${token.length} characters` : typeof token,
      `a string of at least ${shortestToken} characters is allowed`,
    );
  if (unlock !== undefined && token === undefined) refuse('unlock', unlock, 'a function is allowed, together with a `token`');
  if (basePath !== undefined && !/^\/[\w\-./~]*$/.test(basePath)) refuse('basePath', basePath, 'a path such as "/locks" is allowed');
  if (starveAfterSkips !== undefined && !(Number.isInteger(starveAfterSkips) && starveAfterSkips >= 1))
    refuse('starveAfterSkips', starveAfterSkips, 'a positive integer is allowed');
  for (const name of ['environment', 'store'] as const) {
    const text = options[name];
    if (text !== undefined && (typeof text !== 'string' || text.length > longestTitle))
      refuse(name, text, `a string of at most ${longestTitle} characters is allowed`);
  }
  if (forecast !== undefined && typeof forecast !== 'function') refuse('forecast', forecast, 'a function is allowed');
  if (refreshMs !== undefined && !(Number.isInteger(refreshMs) && refreshMs >= 100 && refreshMs <= 60_000))
    refuse('refreshMs', refreshMs, 'an integer from 100 to 60 000 (milliseconds) is allowed');
  return options;
}

/** Refuses an option that is not among `names`: a `tokn` would leave the page open. What it holds may be a secret, and stays out of the message. */
export function checkNames(options: object, names: readonly string[]): void {
  const name = Object.keys(options).find((each) => !names.includes(each));
  if (name === undefined) return;
  const [nearest] = nearestNames(name, names);
  const meant = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  throw new InvalidOptionError(name, typeof Reflect.get(options, name), `there is no such option${meant} Allowed: ${names.join(', ')}`);
}
