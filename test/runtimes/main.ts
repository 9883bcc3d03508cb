/**
 * `npm run test:runtimes [-- --json]`: the packed tarball with every store, the locker, the warehouse, the queue and the scheduler on
 * Node 20, 22 and 24, Bun and Deno, each from npm, on real servers. docs/runtimes.md shows the table.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTable } from '../../bench/table.ts';
import { playIn } from '../matrix/peers/matrix.ts';
import { startServers } from '../matrix/peers/servers.ts';
import { peers } from '../matrix/peers/versions.ts';
import { exitWith, installTools } from '../matrix/tools.ts';
import { install, pack, root, run } from '../packaging/consumer.ts';
import { runtimes, versionOf } from './runtimes.ts';

/** Brings its binary along, and so is there where a runtime has no SQLite of its own. */
const sqlite = '@photostructure/sqlite@1';

const plays = ['locker', 'memcached', 'config', 'sqlite', ...peers.map(({ play }) => play), 'warehouse'];

interface Column {
  readonly name: string;
  readonly played: Awaited<ReturnType<typeof playIn>>;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' } } });
  installTools(runtimes.map((runtime) => runtime.package));
  const folder = mkdtempSync(join(tmpdir(), 'giveway-runtimes-'));
  const project = install(pack(folder));
  const servers = await startServers();
  try {
    const newest = peers.map(({ package: name, versions }) => `${name}@${versions.at(-1)}`);
    run(project.folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...newest, sqlite);
    copyFileSync(join(root, 'test/matrix/peers/plays.mjs'), join(project.folder, 'plays.mjs'));
    const columns: Column[] = [];
    for (const runtime of runtimes) {
      const name = `${runtime.name} ${versionOf(runtime)}`;
      const played = await playIn(project.folder, runtime.program(), [...runtime.args, 'plays.mjs'], plays, servers.variables);
      for (const { name: play, problem } of played) if (problem !== undefined) process.stderr.write(`${name}, ${play}: ${problem}\n`);
      columns.push({ name, played });
    }
    const rows = plays.map((play, at) => [play, ...columns.map(({ played }) => (played[at]?.problem === undefined ? 'works' : 'fails'))]);
    const table = markdownTable(['', ...columns.map(({ name }) => name)], rows, columns.length + 1);
    process.stdout.write(values.json ? `${JSON.stringify(columns, null, 2)}\n` : `${table}\n`);
    return columns.every(({ played }) => played.every(({ problem }) => problem === undefined)) ? 0 : 1;
  } finally {
    await servers.stop();
    project.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

exitWith(main);
