import { resolve } from 'node:path';
import { rememberJobs } from '../jobs/configured.ts';
import { createLocker, type ResourceLocker } from '../lock/api/locker.ts';
import { ConfigError, InvalidOptionError } from '../lock/errors.ts';
import { unknownOption } from '../lock/plan/options.ts';
import { redactUrl } from '../lock/redact.ts';
import { type FoundConfig, findConfig, openConfig } from './find.ts';
import { layerAt, tablesIn } from './layers.ts';
import type { ConfigInputs } from './resolve.ts';
import { type StoreSource, storeSource } from './store-setting.ts';
import { refuseThrowing } from './throwing.ts';
import type { EnvironmentSettings, GivewayConfig, MergedSettings } from './types.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where the config comes from. */
export interface LoadOptions {
  /** The search goes up from here. Default: the working directory. */
  readonly cwd?: string;
  /** The config file itself, relative to `cwd`: no search. Default: `GIVEWAY_CONFIG`. */
  readonly file?: string;
  /** The config itself, in place of a file: nothing is searched or read. */
  readonly config?: GivewayConfig;
  /** The variables that are read: `GIVEWAY_CONFIG`, `GIVEWAY_STORE`, `GIVEWAY_NAMESPACE`, `GIVEWAY_ENVIRONMENT`, `GIVEWAY_HOST`, `GIVEWAY_ENV`, `GIVEWAY_DISABLED`, `NODE_ENV`. Default: `process.env`. */
  readonly env?: Variables;
  /** The block of `environments` to apply. Default: `GIVEWAY_ENV`, else `NODE_ENV`. */
  readonly envName?: string;
  /** Settings that win over the file and the variables, as a command line's do. */
  readonly overrides?: EnvironmentSettings;
}

/** The config in force. Safe to log: it holds no credentials. */
export interface LoadedConfig extends Omit<MergedSettings, 'store'> {
  /** The file's absolute path; `undefined` when everything came from variables and overrides. */
  readonly source: string | undefined;
  /** The block of `environments` that was applied. */
  readonly envName: string | undefined;
  readonly store: StoreSource;
}

const optionNames = ['cwd', 'file', 'config', 'env', 'envName', 'overrides'];

/**
 * Finds, reads and checks the config: the file, then its block for the environment, then variables, then `overrides`.
 * Where `GIVEWAY_STORE` or `overrides` names the store, no file is needed and none is searched for: one that is to be read
 * must be named as well.
 *
 * @throws ConfigError with everything that is wrong, or with the places where no config was found.
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const { found, source, inputs } = await findInputs(options);
  const { resolveConfig } = await import('./resolve.ts');
  const field = inputs.overrides?.store !== undefined ? 'overrides.store' : inputs.variables.GIVEWAY_STORE ? 'GIVEWAY_STORE' : 'store';
  const { store, isDisabled, ...settings } = resolveConfig(source, inputs);
  return { source: found, ...settings, store: store === undefined || isDisabled ? disabledStore : storeSource(store, source, field) };
}

/** The names under `resources` as they are written, in every block of the file and in `overrides`. Rejects as `loadConfig` does. */
export async function namesWritten(options: LoadOptions = {}): Promise<readonly string[]> {
  const { file, overrides } = (await findInputs(options)).inputs;
  const base = layerAt([], file);
  const layers = [
    base,
    ...Object.values(layerAt([], base.fields.environments).fields).map((block) => layerAt([], block)),
    layerAt([], overrides),
  ];
  return [...new Set(layers.flatMap(({ fields: { resources } }) => tablesIn(resources)).map(({ name }) => name))];
}

/** Everything that decides, and where the file is. */
async function findInputs(options: LoadOptions): Promise<{ found: string | undefined; source: string; inputs: ConfigInputs }> {
  for (const [name, value] of Object.entries(options)) {
    if (!optionNames.includes(name)) throw unknownOption(name, value, name, optionNames);
  }
  const { cwd = process.cwd(), file, config, env = process.env, envName, overrides } = options;
  if (typeof cwd !== 'string') throw new InvalidOptionError('cwd', cwd, 'the path of a directory is allowed');
  if (file !== undefined && (typeof file !== 'string' || file === ''))
    throw new InvalidOptionError('file', file, 'the path of a config file is allowed');
  if (config !== undefined) {
    refuseThrowing('the config in code', config);
    return { found: undefined, source: 'the config in code', inputs: { file: config, envName, variables: env, overrides } };
  }
  const found = await fileFor(cwd, file, env, overrides?.store !== undefined);
  if (found !== undefined) refuseThrowing(found.path, found.value);
  const inputs = { file: found?.value, envName, variables: env, overrides };
  return { found: found?.path, source: found?.path ?? 'environment', inputs };
}

/** As a path it would be shown, and its password with it. */
function refuseUrl(named: string): void {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(named.trim())) return;
  throw new ConfigError(redactUrl(named.trim()), [
    { path: '(file)', message: 'is a URL; the path of a config file is allowed. A store URL goes into GIVEWAY_STORE' },
  ]);
}

/** Throws `ConfigError`. */
async function fileFor(cwd: string, file: string | undefined, env: Variables, isStoreGiven: boolean): Promise<FoundConfig | undefined> {
  const named = file ?? (env.GIVEWAY_CONFIG || undefined);
  if (named !== undefined) {
    refuseUrl(named);
    return openConfig(resolve(cwd, named));
  }
  if (isStoreGiven || env.GIVEWAY_STORE) return undefined;
  const found = await findConfig(cwd);
  if (!(found instanceof ConfigError)) return found;
  if (env.GIVEWAY_DISABLED) return undefined;
  throw found;
}

/**
 * The config as a locker: its store is opened, and closed with the locker; `schedule` knows its jobs by name. With `GIVEWAY_DISABLED=1` nothing is locked.
 *
 * @throws ConfigError as `loadConfig` does, and when the store cannot be opened, as for want of its package.
 */
export async function loadLocker(options?: LoadOptions): Promise<ResourceLocker> {
  const { source: _, envName: __, store, jobs, ...settings } = await loadConfig(options);
  const locker = createLocker({ ...settings, store: await store.open(), closesStore: store.closesStore });
  if (jobs !== undefined) rememberJobs(locker, jobs);
  return locker;
}

const disabledStore: StoreSource = {
  label: 'none: GIVEWAY_DISABLED is set',
  closesStore: true,
  open: async () => (await import('../stores/memory.ts')).nullStore(),
  address: () => undefined,
};
