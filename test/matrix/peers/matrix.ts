/** Installs the packed tarball beside other packages, as a user would, and uses it with them on real servers. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, run, type Tarball } from '../../packaging/consumer.ts';
import type { Choice, Row } from '../table.ts';
import { startServers } from './servers.ts';
import { peers, refused } from './versions.ts';

/** One project: what is installed, and what is played. */
interface Project {
  readonly what: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly plays: readonly string[];
}

const withAll = (what: string, versionOf: (versions: readonly string[]) => string | undefined): Project => ({
  what,
  packages: Object.fromEntries(peers.map(({ package: name, versions }) => [name, versionOf(versions) ?? ''])),
  plays: [...peers.map(({ play }) => play), 'warehouse'],
});
const together: readonly Project[] = [
  withAll('the oldest of each', (versions) => versions[0]),
  withAll('the newest of each', (versions) => versions.at(-1)),
];
const oneByOne: readonly Project[] = [...peers, ...refused].flatMap(({ play, package: name, versions, beside }) =>
  versions.map((version) => ({
    what: `${name} ${version}`,
    packages: { ...beside, [name]: version },
    plays: [play, ...(name === 'pg' ? ['warehouse'] : [])],
  })),
);

/** `quick`: the oldest of each together, and the newest; else also each by itself, and what is refused. */
export async function peerRows(tarball: Tarball, { quick, isWanted, note }: Choice): Promise<readonly Row[]> {
  const servers = await startServers();
  const rows: Row[] = [];
  try {
    for (const project of quick ? together : [...together, ...oneByOne].filter(({ what }) => isWanted(what))) {
      const row = await rowOf(project, tarball, servers.variables);
      note(`${row.what}: ${row.result}`);
      rows.push(row);
    }
  } finally {
    await servers.stop();
  }
  return rows;
}

async function rowOf({ what, packages, plays }: Project, tarball: Tarball, variables: Readonly<Record<string, string>>): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-peers-'));
  try {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies: packages }));
    try {
      run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball.file);
    } catch (error) {
      return { what, result: 'not installed', passed: false, notes: [(error as Error).message.slice(0, 600)] };
    }
    copyFileSync(join(root, 'test/matrix/peers/plays.mjs'), join(folder, 'plays.mjs'));
    const played = await playIn(folder, process.execPath, ['plays.mjs'], plays, variables);
    const failed = played.filter(({ problem }) => problem !== undefined);
    const versions = Object.keys(packages).map((name) => `${name} ${installedIn(folder, name)}`);
    return {
      what,
      result: plays[0]?.endsWith('too old') ? 'refused by name' : `${played.length - failed.length} of ${plays.length} work`,
      passed: failed.length === 0,
      notes: [versions.join(', '), ...failed.map(({ name, problem }) => `${name}: ${problem}`)],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Played {
  readonly name: string;
  readonly problem?: string;
}

/** No play takes longer than a few seconds; one that hangs is a failure of its own. */
const longestMs = 60_000;

/** Runs each play in a process of its own: one that ends its process ends no other. The servers of this process answer meanwhile. */
export async function playIn(
  folder: string,
  program: string,
  args: readonly string[],
  plays: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const name of plays) {
    const options = { cwd: folder, env: { ...process.env, ...variables }, timeout: longestMs };
    const { stdout, stderr } = await promisify(execFile)(program, [...args, name], options).catch(
      (error: Error & { stdout: string; stderr: string }) => ({ stdout: error.stdout, stderr: `${error.message}\n${error.stderr}` }),
    );
    const told = stdout.split('\n').find((line) => line.startsWith('{"name"'));
    played.push(told === undefined ? { name, problem: `it told nothing: ${stderr.slice(-600)}` } : (JSON.parse(told) as Played));
  }
  return played;
}

function installedIn(folder: string, name: string): string {
  return (JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
}
