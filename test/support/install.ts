import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { needs, type ServiceName } from './needs.ts';
import { findProgram, isRoot } from './programs.ts';

export { mayInstall } from './programs.ts';

const root = join(__dirname, '../..');

/**
 * Makes each of `names` available, and throws if one cannot be: Debian's packages as root, else docker compose.
 * Returns what docker compose was asked to start.
 */
export function install(names: readonly ServiceName[]): ServiceName[] {
  if (names.length === 0) return [];
  if (isRoot() && findProgram('apt-get') !== undefined) {
    installPackages(names.flatMap((name) => needs[name].packages));
    const still = names.filter((name) => !needs[name].isInstalled());
    if (still.length > 0) throw new Error(`still missing after the installation: ${still.join(', ')}`);
    return [];
  }
  if (findProgram('docker') === undefined) {
    throw new Error(`${names.join(', ')}: not on the PATH, and neither apt-get as root nor docker is there to install them`);
  }
  const composable = names.map((name) => {
    const { compose } = needs[name];
    if (compose === undefined) throw new Error(`${name} has to be installed by hand: ${needs[name].packages.join(' ')}`);
    return compose.name;
  });
  run('docker', ['compose', 'up', '--detach', '--wait', ...composable]);
  for (const name of names) process.env[needs[name].variable] = needs[name].compose?.address;
  return [...names];
}

/** Ends what `install` started. */
export function uninstall(names: readonly ServiceName[]): void {
  const composed = names.flatMap((name) => needs[name].compose?.name ?? []);
  if (composed.length > 0) run('docker', ['compose', 'rm', '--stop', '--force', '--volumes', ...composed]);
}

function installPackages(packages: readonly string[]): void {
  // RUNLEVEL=1 keeps Debian from starting the servers it has just installed on their default ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('apt-get', ['update', '-q'], env);
  run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], env);
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  process.stderr.write(`${program} ${args.join(' ')}\n`);
  execFileSync(program, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
}
