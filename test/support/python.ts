import { execFile, execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, mayInstall } from './programs.ts';
import { temporaryDirectory } from './server-process.ts';

const run = promisify(execFile);
/** What examples/python imports; meta commands are `raw_command`, which pymemcache has since 4. */
const hasModules = 'import pymemcache, redis; pymemcache.Client.raw_command';

/** A Python that has what the reference imports or, where things may be installed, one that can be given it. */
export function findPython(): string | undefined {
  const found = [findProgram('python3'), '/usr/bin/python3'].filter((path) => path !== undefined);
  return (
    found.find((path) => accepts(path, hasModules)) ??
    (mayInstall() ? found.find((path) => accepts(path, 'import ensurepip, venv')) : undefined)
  );
}

/** The same with the modules: its own, or those of test/python/requirements.txt in a directory for this run. */
export async function pythonWithModules(): Promise<{ url: string; stop(): Promise<void> }> {
  const path = findPython();
  if (path === undefined) throw new Error('python3 with venv is not installed');
  if (accepts(path, hasModules)) return { url: path, stop: async () => {} };
  const directory = temporaryDirectory('python');
  const url = join(directory, 'bin', 'python');
  await run(path, ['-m', 'venv', directory]);
  await run(url, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', join(__dirname, '../python/requirements.txt')]);
  return { url, stop: () => rm(directory, { recursive: true, force: true }) };
}

function accepts(path: string, program: string): boolean {
  try {
    execFileSync(path, ['-c', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
