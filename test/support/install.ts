import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Need, needs, type ServiceName } from './needs.ts';
import { findProgram, isRoot } from './programs.ts';

export { mayInstall } from './programs.ts';

const root = join(__dirname, '../..');

/**
 * Makes each of `wanted` available, and throws if one cannot be: npm's package, else Debian's as root, else docker compose.
 * Returns what docker compose was asked to start.
 */
export function install(wanted: readonly ServiceName[]): ServiceName[] {
  for (const name of wanted) installFromNpm(needs[name].npm);
  const names = wanted.filter((name) => needs[name].npm === undefined);
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

function installFromNpm(from: Need['npm']): void {
  if (from === undefined) return;
  const quiet = ['--no-audit', '--no-fund', '--prefix', from.folder];
  // What is installed from a lockfile here needs none of its scripts, which fetch from elsewhere.
  if (from.packages === undefined) return run('npm', ['ci', '--ignore-scripts', ...quiet]);
  mkdirSync(from.folder, { recursive: true });
  run('npm', ['install', '--no-save', ...quiet, ...from.packages]);
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  process.stderr.write(`${program} ${args.join(' ')}\n`);
  execFileSync(program, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
}
