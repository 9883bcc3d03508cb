import { InvalidOptionError } from '../lock/errors.ts';
import { allowedNames } from '../lock/nearest.ts';
import type { Rule } from '../lock/plan/options.ts';
import {
  anything,
  callback,
  checkOptions as checkByRules,
  flag,
  positiveInteger,
  type RulesOf,
  whole,
  withMethods,
} from '../observe/check-options.ts';
import type { AskForecast } from './archive.ts';
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
  readonly forecast?: AskForecast;
  /** How often the store is asked while somebody watches, in milliseconds. Default 1 000. */
  readonly refreshMs?: number;
}

const shortestToken = 16;
/** A title is read at a glance. */
const longestTitle = 100;
const title: Rule = [
  (value) => typeof value === 'string' && value.length <= longestTitle,
  `a string of at most ${longestTitle} characters is allowed`,
];

const rules: RulesOf<DashboardOptions> = {
  locker: withMethods('a ResourceLocker is allowed', 'inspect'),
  resources: anything,
  listsAll: flag,
  journal: anything,
  token: anything,
  unlock: anything,
  basePath: [(value) => /^\/[\w\-./~]*$/.test(String(value)), 'a path such as "/locks" is allowed'],
  starveAfterSkips: positiveInteger,
  environment: title,
  store: title,
  forecast: callback,
  refreshMs: [whole(100, 60_000), 'an integer from 100 to 60 000 (milliseconds) is allowed'],
};
export const optionNames: readonly string[] = Object.keys(rules);

/** Throws `InvalidOptionError` naming the option. */
export function checkOptions(options: DashboardOptions): DashboardOptions {
  checkNames(options, optionNames);
  checkByRules(options, rules, 'locker');
  const { token, unlock } = options;
  // What was received stays out of the message: it is a secret, if a short one.
  if (token !== undefined && (typeof token !== 'string' || token.length < shortestToken))
    throw new InvalidOptionError(
      'token',
      typeof token === 'string' ? `${token.length} characters` : typeof token,
      `a string of at least ${shortestToken} characters is allowed`,
    );
  if (unlock !== undefined && token === undefined)
    throw new InvalidOptionError('unlock', unlock, 'a function is allowed, together with a `token`');
  return options;
}

/** Refuses an option that is not among `names`: a `tokn` would leave the page open. What it holds may be a secret, and stays out of the message. */
export function checkNames(options: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(options))
    if (!names.includes(name)) throw new InvalidOptionError(name, typeof value, `there is no such option${allowedNames(name, names)}`);
}
