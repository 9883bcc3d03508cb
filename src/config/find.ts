import { accessSync, constants, existsSync, lstatSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { LilconfigResult, lilconfig } from 'lilconfig';
import { ConfigError, type ConfigProblem } from '../lock/errors.ts';
import { redactText } from '../lock/redact.ts';
import { readConfigFile } from './read.ts';
import { strangerWith } from './strangers.ts';

/** What a config file holds, and where it was found. */
export interface FoundConfig {
  /** Absolute path. */
  readonly path: string;
  readonly value: unknown;
}

const extensions = ['.ts', '.mjs', '.cjs', '.js', '.json'] as const;

/** What is looked for in a folder, beside the `giveway` key of a package.json. The first wins. */
export const configNames: readonly string[] = extensions.map((extension) => `giveway.config${extension}`);

const repositories = ['.git', '.hg', '.svn', '.jj'];

/**
 * The nearest config at or above `cwd`: in each directory `giveway.config.*`, in the order of `extensions`, else a
 * `giveway` key in package.json. Goes up to the root of the repository, the home directory, or the root, whichever comes
 * first; and no further than the first directory that another user owns or can write to, which is not looked in: a config is run.
 * An error as the answer: there is none, and these are the places. Rejects with `ConfigError` for one that cannot be read.
 */
export async function findConfig(cwd: string): Promise<FoundConfig | ConfigError> {
  const { directories, end } = await reachFrom(resolve(cwd));
  const [first, last] = [directories[0], directories.at(-1)];
  const found = first === undefined ? undefined : await search(first, last ?? first);
  refuseUnreadable(directories, found?.path);
  return found ?? nothingFound(directories, end);
}

async function search(from: string, to: string): Promise<FoundConfig | undefined> {
  const searcher = await openLilconfig(to, async (path, content) => {
    if (basename(path) !== 'package.json') await refuseStrangers(path);
    return readConfigFile(path, content);
  });
  const found = await reading(from, () => searcher.search(from));
  if (found !== undefined) await refuseStrangers(found.path);
  return found;
}

/** What is there and cannot be opened, such as a link to nothing, was meant: what lies above it was not. */
function refuseUnreadable(directories: readonly string[], found: string | undefined): void {
  for (const directory of directories) {
    for (const path of configNames.map((name) => join(directory, name))) {
      if (path === found) return;
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
      try {
        accessSync(path, constants.R_OK);
      } catch (error) {
        throw new ConfigError(path, [{ path: '(file)', message: `could not be read: ${(error as Error).message}` }]);
      }
    }
    if (found !== undefined && dirname(found) === directory) return;
  }
}

/** The config in `file`; in a package.json, under its `giveway` key. Whoever names a file answers for it. */
export async function openConfig(file: string): Promise<FoundConfig> {
  const path = resolve(file);
  if (!extensions.some((extension) => extension === extname(path))) {
    throw new ConfigError(path, [{ path: '(file)', message: `cannot be read; ${extensions.join(', ')} are allowed` }]);
  }
  const searcher = await openLilconfig(dirname(path), readConfigFile);
  const found = await reading(path, () => searcher.load(path));
  if (found === undefined) throw new ConfigError(path, [{ path: 'giveway', message: 'there is no such key in this package.json' }]);
  return found;
}

function nothingFound(directories: readonly string[], end: ConfigProblem | undefined): ConfigError {
  const message = `no giveway.config.{${extensions.map((extension) => extension.slice(1)).join(',')}}, and no "giveway" key in a package.json`;
  const problems = [...directories.map((path) => ({ path, message })), ...(end === undefined ? [] : [end])];
  return new ConfigError(
    'No giveway config found. Write one with `giveway init`, name a file, or set GIVEWAY_STORE (sqlite: needs no server). Looked in',
    problems,
  );
}

/** From `cwd` upwards as far as is to be looked, and why no further. */
async function reachFrom(cwd: string): Promise<{ directories: readonly string[]; end: ConfigProblem | undefined }> {
  const directories: string[] = [];
  for (const path of directoriesUpFrom(cwd)) {
    const stranger = await strangerAt(path);
    if (stranger !== undefined)
      return { directories, end: { path, message: `not looked in, nor above it, since ${stranger}; a file there must be ${named}` } };
    directories.push(path);
    if (repositories.some((name) => existsSync(join(path, name)))) break;
  }
  return { directories, end: undefined };
}

const named = 'named: by --config, GIVEWAY_CONFIG, or the option `file`';

async function refuseStrangers(path: string): Promise<void> {
  const stranger = await strangerAt(path);
  if (stranger === undefined) return;
  throw new ConfigError(path, [{ path: '(file)', message: `is not read, since ${stranger}; such a file must be ${named}` }]);
}

/** A directory that is not there holds nothing, and whose it is cannot be told. */
async function strangerAt(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch((): Stats | undefined => undefined);
  return stats && strangerWith(stats);
}

type Loader = (path: string, content: string) => Promise<unknown>;

async function openLilconfig(stopDir: string, loader: Loader): Promise<ReturnType<typeof lilconfig>> {
  const { lilconfig } = await import('lilconfig');
  return lilconfig('giveway', {
    searchPlaces: [...configNames, 'package.json'],
    loaders: Object.fromEntries(extensions.map((extension) => [extension, loader])),
    stopDir,
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
