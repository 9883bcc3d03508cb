import type { LoadedConfig, LoadOptions } from '../config/index.ts';
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
  return loadConfig(loadOptions(terminal, flags));
}
