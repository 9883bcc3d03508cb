import { ConfigError, InvalidOptionError, StoreUnavailableError } from '../lock/errors.ts';
import { nearestNames } from '../lock/nearest.ts';
import { cleanError, redactUrl } from '../lock/redact.ts';
import type { LockStore } from '../lock/store.ts';
import { nearestAndAll } from './problems.ts';
import { parseStoreUrl, type StoreUrl } from './store-url.ts';
import type { Backend, ParameterForm } from './stores/backend.ts';
import { backends } from './stores/backends.ts';
import type { StoreSetting } from './types.ts';

/** Where the locks live, ready to be opened. No field holds a credential, so it may be logged. */
export interface StoreSource {
  /** The URL without credentials, or in words what else the config holds. */
  readonly label: string;
  /** Whether closing a locker should close what `open` gave it: not a store object, which is whose who made it. */
  readonly closesStore: boolean;
  /** Rejects with `ConfigError`; connects to nothing yet. */
  open(): Promise<LockStore>;
  /** The URL taken apart, credentials included: not to be shown. `undefined` where the config holds no URL. */
  address(): StoreUrl | undefined;
}

/** What is wrong with the `store` of a config, in words that repeat no credentials; `undefined` when nothing is. */
export function storeSettingProblem(setting: unknown): string | undefined {
  if (typeof setting === 'string') return storeUrlProblem(setting);
  if (typeof setting === 'function' || isStore(setting)) return undefined;
  return 'a store URL is allowed; in a js or ts config also a store, or a function that opens one';
}

/** `configPath`, and `field`, where the setting was written, stand in errors. The setting must have no problem. */
export function storeSource(setting: StoreSetting, configPath: string, field: string): StoreSource {
  const url = typeof setting === 'string' ? parseStoreUrl(setting) : undefined;
  return {
    label: typeof setting === 'string' ? redactUrl(setting) : typeof setting === 'function' ? 'opened by a function' : setting.traits.name,
    closesStore: typeof setting !== 'object',
    open: () => reporting(configPath, field, () => openSetting(setting)),
    address: () => (typeof url === 'object' ? url : undefined),
  };
}

async function openSetting(setting: StoreSetting): Promise<LockStore> {
  if (typeof setting === 'object') return setting;
  if (typeof setting === 'string') return openUrl(setting);
  const store = await setting();
  if (isStore(store)) return store;
  throw new InvalidOptionError('store()', store, 'the function must return a store');
}

function openUrl(text: string): Promise<LockStore> {
  const url = parseStoreUrl(text);
  const backend = typeof url === 'string' ? undefined : backends.get(url.scheme);
  if (typeof url === 'string' || backend === undefined) throw new InvalidOptionError('store', redactUrl(text), 'a store URL is allowed');
  return backend.open(url);
}

async function reporting(configPath: string, field: string, open: () => Promise<LockStore>): Promise<LockStore> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    const cause = cleanError(error);
    throw new ConfigError(configPath, [{ path: field, message: `could not be opened: ${cause.message}` }], { cause });
  }
}

function storeUrlProblem(text: string): string | undefined {
  const url = parseStoreUrl(text);
  if (typeof url === 'string') return bareKindProblem(text) ?? url;
  const backend = backends.get(url.scheme);
  if (backend !== undefined) return backend.problem(url) ?? loginProblem(url, backend) ?? parameterProblem(url, backend);
  if (/^\d+$/.test(url.authority) && url.path === '')
    return 'its kind belongs in front, such as memcached://localhost:11211 or redis://localhost:6379';
  const schemes = [...backends.keys()];
  return `there is no such kind of store${nearestAndAll(url.scheme, schemes, schemes.map((scheme) => `${scheme}:`).join(', '))}`;
}

/** `sqlite`: the name of a kind alone is no URL, and no secret. */
function bareKindProblem(text: string): string | undefined {
  const example = text === 'sqlite' ? 'sqlite:' : backends.get(text)?.example.replace('user:password@', '');
  return example === undefined ? undefined : `"${text}" is a kind of store and no URL yet; ${example} is one`;
}

function loginProblem({ username, password }: StoreUrl, { login }: Backend): string | undefined {
  const [hasUser, hasPassword] = [username !== undefined, Boolean(password)];
  if (login === 'none' && (hasUser || hasPassword)) return 'this kind takes no user name or password from its URL, and would drop it';
  if (login === 'both or none' && hasUser !== hasPassword) return 'a user name and a password belong together';
  return login === 'password' && hasUser && !hasPassword ? 'a user name needs a password' : undefined;
}

const forms: Readonly<Record<ParameterForm, RegExp>> = {
  milliseconds: /^\d{1,9}$/,
  'true or false': /^(?:true|false)$/,
  text: /^[^\p{Cc}\u2028\u2029]+$/u,
};

const formWords: Readonly<Record<ParameterForm, string>> = {
  milliseconds: 'a whole number of milliseconds',
  'true or false': 'true or false',
  text: 'text without control characters',
};

function parameterProblem({ parameters }: StoreUrl, { parameters: known, passesOn }: Backend): string | undefined {
  for (const [name, value] of parameters) {
    const form = Object.hasOwn(known, name) ? known[name] : undefined;
    if (form !== undefined && !forms[form].test(value)) return `its parameter "${name}" must be ${formWords[form]}`;
    // What is nearly ours is not the client's, which would ignore it: a mistyped table is another lock.
    const isMistyped = form === undefined && nearestNames(name, Object.keys(known)).length > 0;
    if (isMistyped || (form === undefined && !passesOn)) return unknownParameter(name, Object.keys(known), passesOn);
  }
  return undefined;
}

function unknownParameter(name: string, known: readonly string[], passesOn = false): string {
  return `it has no parameter "${name}"${nearestAndAll(name, known)}${passesOn ? ', and those of its client' : ''}`;
}

function isStore(value: unknown): value is LockStore {
  if (typeof value !== 'object' || value === null) return false;
  const { traits, read, create, replace, remove, close } = value as Partial<LockStore>;
  return typeof traits?.name === 'string' && [read, create, replace, remove, close].every((method) => typeof method === 'function');
}
