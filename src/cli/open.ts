import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedConfig, LoadOptions } from '../config/index.ts';
import { ConfigError } from '../lock/errors.ts';
import { refuseAlone } from './refuse-alone.ts';
import { say } from './say.ts';
import type { Terminal } from './terminal.ts';

/** The flags that every command has. */
export interface CommonFlags {
  readonly config?: string;
  readonly store?: string;
  readonly env?: string;
  readonly json?: true;
}

/** How the flags say to load the config. They win over the variables, and those over the file. */
function loadOptions({ cwd, env }: Terminal, flags: CommonFlags): LoadOptions {
  return {
    cwd,
    env,
    ...(flags.config === undefined ? {} : { file: flags.config }),
    ...(flags.env === undefined ? {} : { envName: flags.env }),
    ...(flags.store === undefined ? {} : { overrides: { store: flags.store } }),
  };
}

/** The listed names as they are written. */
export async function openNames(terminal: Terminal, flags: CommonFlags): Promise<readonly string[]> {
  const { namesWritten } = await import('../config/index.ts');
  return namesWritten(loadOptions(terminal, flags));
}

/** The config in force. Schema and loaders are loaded only now. */
export async function openConfig(terminal: Terminal, flags: CommonFlags): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/index.ts');
  if (!readsConfig(terminal, flags)) refuseAlone('--env', flags.env, 'a config, which --config names where the store is named beside it');
  const config = await loadConfig(loadOptions(terminal, flags));
  stores.set(terminal, config.store.label);
  if (config.source === undefined) await tellUnread(terminal, flags);
  return config;
}

/** Where the store is named no file is searched for. */
function readsConfig({ env }: Terminal, { config, store }: CommonFlags): boolean {
  return (config ?? (env.GIVEWAY_CONFIG || undefined)) !== undefined || (store ?? (env.GIVEWAY_STORE || undefined)) === undefined;
}

const stores = new WeakMap<Terminal, string>();

/** The store of the config that was opened for this terminal, without credentials. Not every client tells whom it asked. */
export function openedStore(terminal: Terminal): string | undefined {
  return stores.get(terminal);
}

/** For what asks no store, and can do without: an empty config, where there is none. */
export async function openConfigIfThere(terminal: Terminal, flags: CommonFlags): Promise<LoadedConfig> {
  try {
    return await openConfig(terminal, flags);
  } catch (error) {
    const isNamed = (flags.config ?? flags.env ?? terminal.env.GIVEWAY_CONFIG) !== undefined;
    const [{ findConfig }, { loadConfig }] = await Promise.all([import('../config/find.ts'), import('../config/index.ts')]);
    if (isNamed || !(error instanceof ConfigError) || !((await findConfig(terminal.cwd)) instanceof ConfigError)) throw error;
    return loadConfig({ ...loadOptions(terminal, flags), config: { store: 'memory:' } });
  }
}

/** One that lies here was meant, perhaps, and may name another namespace. */
async function tellUnread(terminal: Terminal, { store, json }: CommonFlags): Promise<void> {
  const { configNames } = await import('../config/find.ts');
  const file = configNames.find((name) => existsSync(join(terminal.cwd, name)));
  if (file === undefined) return;
  const by = store === undefined ? 'GIVEWAY_STORE' : '--store';
  const message = `${file} is not read, since ${by} names the store; --config ${file} reads it too`;
  say(terminal, json === true, 'config-not-read', message, { file });
}
