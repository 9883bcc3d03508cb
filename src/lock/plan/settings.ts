import { hostname } from 'node:os';
import { type Clock, systemClock } from '../clock.ts';
import { InvalidOptionError } from '../errors.ts';
import type { RunOptions, TableOptions } from '../options.ts';
import { checkApart, checkNamespace } from '../record/keys.ts';
import type { LockStore } from '../store.ts';
import type { Dialect } from './identifiers.ts';
import { type NameRules, nameRules, normalizeName } from './names.ts';
import { checkFields, checkOptions, count, flag, isObject, oneOf, type Rules, runOptionNames } from './options.ts';

/** What `createLocker` takes. The lock options are defaults for every call. */
export interface LockerOptions extends Omit<RunOptions, 'signal'> {
  /** Where the locks live. The caller closes it, unless `closesStore` is set. */
  readonly store: LockStore;
  /** Keeps applications apart that share a store. Default `'giveway'`. */
  readonly namespace?: string;
  /** Keeps staging and production apart in one store. */
  readonly environment?: string;
  /** The names that may be locked, with settings of their own. Default: every name. */
  readonly resources?: readonly string[] | Readonly<Record<string, TableOptions>>;
  /** Names that are not listed may be locked too. Default false. */
  readonly allowUnlisted?: boolean;
  /** The schema that may be left out of a name. Default `'public'`. */
  readonly defaultSchema?: string;
  /**
   * The database that names of three parts are in, as dbt and Redshift write them: it is dropped, and another one refused.
   * Default: none, `dev.analytics.events` and `analytics.events` are two names.
   */
  readonly database?: string;
  /**
   * How names are read. `'postgres'` (default): ASCII letters fold unless quoted, 63 bytes. `'redshift'`: they fold in quotes too,
   * 127 bytes; so not for clusters with `enable_case_sensitive_identifier`.
   */
  readonly dialect?: Dialect;
  /** `close()` closes the store as well. Default false. */
  readonly closesStore?: boolean;
  /** Under which name records and messages show this process. Default: `GIVEWAY_HOST`, else the name of the machine. */
  readonly host?: string;
  /** More than these may not wait for one table in this process; the next is busy at once. Those in a mode with `limits` are not counted. Default 10 000. */
  readonly maxWaiters?: number;
  /**
   * How a run knows that it is inside another: `'context'`, by the async context, or `'explicit'`, not at all, so that each takes locks of
   * its own and `current()` knows none. Default `'context'`.
   */
  readonly nesting?: 'context' | 'explicit';
  /** Time as the locker reads it; for tests. */
  readonly clock?: Clock;
}

type Complete = Required<
  Pick<LockerOptions, 'store' | 'namespace' | 'allowUnlisted' | 'closesStore' | 'host' | 'maxWaiters' | 'nesting' | 'clock'>
>;

/** Options of a locker, checked and complete. */
export interface Settings extends Complete {
  readonly environment: string | undefined;
  readonly names: NameRules & { readonly defaultSchema: string };
  /** Those that are listed, normalised. */
  readonly tables: ReadonlyMap<string, TableOptions>;
  readonly defaults: RunOptions;
}

const ownNames = [
  'store',
  'namespace',
  'environment',
  'resources',
  'allowUnlisted',
  'defaultSchema',
  'database',
  'dialect',
  'closesStore',
  'host',
  'maxWaiters',
  'nesting',
  'clock',
];
const ownRules: Rules = {
  allowUnlisted: flag,
  closesStore: flag,
  host: [
    (value) => typeof value === 'string' && /^[^\p{Cc}]{1,255}$/u.test(value),
    'a name of 1 to 255 characters without control characters is allowed',
  ],
  maxWaiters: count,
  nesting: [oneOf('context', 'explicit'), "'context' or 'explicit' is allowed"],
  clock: [
    (value) => hasMethods(value, ['monotonicMs', 'wallMs', 'setTimer']),
    'a clock is allowed, such as fakeClock() from "giveway/testing"',
  ],
};
const tableNames = ['ttlMs', 'maxHoldMs', 'minHoldMs', 'retry', 'onStoreDown', 'onBusy', 'limits'];

/** What records and messages show this process to be on, where nobody says another. */
export function hostName(): string {
  return process.env.GIVEWAY_HOST || hostname();
}

/** Checks everything before anything is sent. Throws `InvalidOptionError`. */
export function resolveSettings(options: LockerOptions): Settings {
  if (!isObject(options)) throw new InvalidOptionError('options', options, 'an object with a `store` is allowed');
  const {
    store,
    namespace = 'giveway',
    environment,
    resources,
    allowUnlisted = false,
    defaultSchema,
    database,
    dialect,
    closesStore = false,
    host = hostName(),
    maxWaiters = 10_000,
    nesting = 'context',
    clock = systemClock,
    ...defaults
  } = options;
  if (!isObject(store) || !isObject(store.traits) || !hasMethods(store, ['read', 'create', 'replace', 'remove', 'close']))
    throw new InvalidOptionError('store', store, 'a store is allowed, such as memcachedStore({ servers }) from "giveway/memcached"');
  checkOptions(options, '', [...runOptionNames.filter((name) => name !== 'signal'), ...ownNames]);
  checkFields({ allowUnlisted, closesStore, host, maxWaiters, nesting, clock }, ownRules);
  checkApart(store.traits, { environment });
  const names = { ...nameRules({ defaultSchema, database, dialect }), ...(store.traits.exactNames && { exact: true }) };
  const tables = new Map<string, TableOptions>();
  for (const [name, settings] of entriesOf(resources)) {
    checkOptions(settings, `resources.${name}.`, tableNames);
    const normal = normalizeName(name, names, `resources.${name}`);
    if (tables.has(normal)) throw new InvalidOptionError(`resources.${name}`, name, `"${normal}" is listed twice`);
    tables.set(normal, settings);
  }
  return {
    store,
    namespace: checkNamespace(namespace, 'namespace'),
    environment: environment === undefined ? undefined : checkNamespace(environment, 'environment'),
    names,
    tables,
    allowUnlisted: allowUnlisted || resources === undefined,
    get defaults() {
      const maxWaitMs = store.traits.usualWaitMs;
      return maxWaitMs === undefined ? defaults : { ...defaults, retry: { maxWaitMs, ...defaults.retry } };
    },
    closesStore,
    host,
    maxWaiters,
    nesting,
    clock,
  };
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function');
}

function entriesOf(resources: LockerOptions['resources']): readonly (readonly [string, TableOptions])[] {
  if (resources === undefined) return [];
  // Of a `Map` or a `Set` nothing would be seen, and so no name be listed.
  if (typeof resources !== 'object' || resources === null || Symbol.iterator in resources !== Array.isArray(resources))
    throw new InvalidOptionError('resources', resources, 'a list of names, or an object from name to settings, is allowed');
  return Array.isArray(resources) ? resources.map((name: string) => [name, {}] as const) : Object.entries(resources);
}
