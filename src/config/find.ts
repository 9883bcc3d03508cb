import { homedir } from 'node:os';
import { dirname, extname, resolve } from 'node:path';
import type { LilconfigResult, lilconfig } from 'lilconfig';
import { ConfigError } from '../lock/errors.ts';
import { readConfigFile } from './read.ts';
import { redactText } from './redact.ts';

/** What a config file holds, and where it was found. */
export interface FoundConfig {
  /** Absolute path. */
  readonly path: string;
  readonly value: unknown;
}

const extensions = ['.ts', '.mjs', '.cjs', '.js', '.json'] as const;

/**
 * The nearest config at or above `cwd`: in each directory `giveway.config.*`, in the order of `extensions`, else a
 * `giveway` key in package.json. Goes up to the home directory if that is above, else to the root.
 */
export async function findConfig(cwd: string): Promise<FoundConfig | undefined> {
  const searcher = await openLilconfig();
  return reading(cwd, () => searcher.search(cwd));
}

/** The config in `file`; in a package.json, under its `giveway` key. */
export async function openConfig(file: string): Promise<FoundConfig> {
  const path = resolve(file);
  if (!extensions.some((extension) => extension === extname(path))) {
    throw new ConfigError(path, [{ path: '(file)', message: `cannot be read; ${extensions.join(', ')} are allowed` }]);
  }
  const searcher = await openLilconfig();
  const found = await reading(path, () => searcher.load(path));
  if (found === undefined) throw new ConfigError(path, [{ path: 'giveway', message: 'there is no such key in this package.json' }]);
  return found;
}

/** Where `findConfig` looked in vain. */
export function nothingFound(cwd: string): ConfigError {
  const message = `no giveway.config.{${extensions.map((extension) => extension.slice(1)).join(',')}}, and no "giveway" key in a package.json`;
  const problems = directoriesUpFrom(resolve(cwd)).map((path) => ({ path, message }));
  return new ConfigError('No giveway config found. Write one with `giveway init`, name a file, or set GIVEWAY_STORE. Looked in', problems);
}

async function openLilconfig(): Promise<ReturnType<typeof lilconfig>> {
  const { lilconfig } = await import('lilconfig');
  return lilconfig('giveway', {
    searchPlaces: [...extensions.map((extension) => `giveway.config${extension}`), 'package.json'],
    loaders: Object.fromEntries(extensions.map((extension) => [extension, readConfigFile])),
    stopDir: homedir(),
    cache: false,
    ignoreEmptySearchPlaces: false,
  });
}

/** What lilconfig rejects with by itself is a file that could not be read. */
async function reading(where: string, read: () => Promise<LilconfigResult>): Promise<FoundConfig | undefined> {
  let found: LilconfigResult;
  try {
    found = await read();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(where, [{ path: '(file)', message: `could not be read: ${redactText((error as Error).message)}` }]);
  }
  if (found?.isEmpty) throw new ConfigError(found.filepath, [{ path: '(file)', message: 'is empty' }]);
  return found?.config == null ? undefined : { path: found.filepath, value: found.config };
}

function directoriesUpFrom(path: string): readonly string[] {
  const above = dirname(path);
  return path === above || path === homedir() ? [path] : [path, ...directoriesUpFrom(above)];
}
