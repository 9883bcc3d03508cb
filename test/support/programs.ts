import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps PostgreSQL's own programs off the PATH, one folder per version. */
function folders(): string[] {
  const versions = '/usr/lib/postgresql';
  return [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    ...list(versions)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(versions, version, 'bin')),
  ].filter((folder) => folder !== '');
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where `name` can be run from, or `undefined`. Looks at the PATH, then where Debian's packages put servers. */
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
