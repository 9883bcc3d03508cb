import type { JobSettings } from '../jobs/configured.ts';
import type { TableOptions } from '../lock/options.ts';
import type { LockerOptions } from '../lock/plan/settings.ts';
import type { LockStore } from '../lock/store.ts';

/** Where the locks live: a URL or, in a js or ts config, a store (you close it) or a function that opens one (giveway closes it). */
export type StoreSetting = string | LockStore | (() => LockStore | Promise<LockStore>);

/** What `createLocker` takes, with the store as a setting. The options of locks stand at the top level. */
export interface EnvironmentSettings extends Omit<LockerOptions, 'store' | 'closesStore' | 'clock'> {
  /** `memcached://host:11211`, `postgres://…`, `memory:` and others. Needed here or in `GIVEWAY_STORE`. */
  readonly store?: StoreSetting;
  /** The scheduled jobs, by name: what `schedule` takes by name, and `giveway forecast` plays. */
  readonly jobs?: Readonly<Record<string, JobSettings>>;
}

/** A config file: the default export of `giveway.config.*`, or what stands under `giveway` in package.json. */
export interface GivewayConfig extends EnvironmentSettings {
  /** Where the JSON Schema is, for editors. giveway does not read it. */
  readonly $schema?: string;
  /** What differs per environment. The one in force is named by `GIVEWAY_ENV`, else by `NODE_ENV`. */
  readonly environments?: Readonly<Record<string, EnvironmentSettings>>;
}

/** Several settings laid over each other; every resource stands under its normalised name. */
export interface MergedSettings extends Omit<EnvironmentSettings, 'resources'> {
  readonly resources?: Readonly<Record<string, TableOptions>>;
}
