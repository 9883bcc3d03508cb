/**
 * `npx tsx bench/observe.mts`: what observers cost. Locks on a real memcached with and without each of them, in turns within
 * one run. Starts a memcached and a PostgreSQL of its own. Writes its section of bench/RESULTS.md, and the table of
 * docs/observe.md. `--seconds N` for each observer (8), `--only TEXT`, `--no-write`.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'tsdown';
import { memcachedServer, postgresServer } from '../test/support/services.ts';
import { type Cost, costOf, type Estimate, median, type Pair, verdictOf } from './observe/figures.ts';
import { observers } from './observe/observers.ts';
import { type Shares, sharesOf } from './observe/profile.ts';
import { machine, writeSection } from './warehouse/results-file.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    only: { type: 'string', default: '' },
    'no-write': { type: 'boolean', default: false },
  },
});
const goal = 5;
const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the repository, so that the peers are found from there.
const built = join(root, '.giveway/bench-observe');
const run = promisify(execFile);

const at = machine();
await build({
  config: false,
  cwd: root,
  entry: ['bench/observe/worker.ts'],
  unbundle: true,
  external: [/^@opentelemetry/, 'memjs', 'pg', 'pino'],
  outDir: built,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: false,
  tsconfig: false,
  logLevel: 'error',
});
const memcached = await memcachedServer();
const postgres = await postgresServer();

async function work(name: string, seconds: string, flags: readonly string[] = [], which: readonly string[] = []): Promise<readonly Pair[]> {
  const worker = join(built, 'worker.mjs');
  const args = [...flags, worker, name, memcached.url, postgres.url, seconds, ...which];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Pair[];
}

/** Where the time goes while all locks are observed. */
async function profile(name: string): Promise<Shares> {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-profile-'));
  await work(name, '3', ['--cpu-prof', '--cpu-prof-dir', folder], ['all']);
  const shares = sharesOf(folder);
  rmSync(folder, { recursive: true });
  return shares;
}

const costs = new Map<string, Cost>();
const profiles = new Map<string, Shares>();
for (const name of Object.keys(observers).filter((each) => each.includes(values.only))) {
  const cost = costOf(await work(name, values.seconds));
  costs.set(name, cost);
  console.log(name.padEnd(72), cellsOf(cost).join('  '));
  if (name.startsWith('nothing')) continue;
  profiles.set(name, await profile(name));
  console.log(profileOf(name));
}
await memcached.stop();
await postgres.stop();

function cellsOf({ percent, addedCpuMicros }: Cost): readonly string[] {
  const cell = ({ median, least, most }: Estimate, unit: string): string =>
    `${median.toFixed(1)} ${unit} (${least.toFixed(1)} to ${most.toFixed(1)})`;
  return [cell(percent, '%'), cell(addedCpuMicros, 'µs')];
}

function profileOf(name: string): string {
  const shares = profiles.get(name);
  if (shares === undefined) return '';
  const dearest = shares.dearest.map(([place, percent]) => `\`${place}\` ${percent.toFixed(1)} %`).join(', ');
  const sdk = shares.openTelemetry > 0 ? `${shares.openTelemetry.toFixed(1)} % in OpenTelemetry's packages (${dearest}), ` : '';
  return `- ${name}: ${sdk}${shares.observers.toFixed(1)} % in \`src/observe\`, ${shares.garbage.toFixed(1)} % in the garbage collector`;
}

const table = [
  '| observer | of the throughput: median (95 % interval) | CPU added per lock | |',
  '|---|---:|---:|---|',
  ...[...costs].map(([name, cost]) => `| ${name} | ${cellsOf(cost).join(' | ')} | ${verdict(name, cost)} |`),
].join('\n');
const plain = [...costs.values()].map((cost) => cost.plain);
const basis = `without observers ${Math.round(median(plain.map(({ locksPerSecond }) => locksPerSecond)) / 100) * 100} locks a second, ${median(
  plain.map(({ cpuMicros }) => cpuMicros),
).toFixed(0)} µs of CPU each`;

function verdict(name: string, cost: Cost): string {
  return name.startsWith('nothing') ? '' : verdictOf(cost, costs.get('nothing (the noise)'), goal);
}

if (!values['no-write']) {
  const dear =
    profiles.size === 0
      ? ''
      : `\nWhere the CPU time goes, by a profile of locks that are all observed:\n\n${[...profiles.keys()].map(profileOf).join('\n')}`;
  writeSection(
    'What observers cost (`npx tsx bench/observe.mts`)',
    `${at}

Locks on memcached over loopback, 64 in flight on one connection, 512 in a round, rounds with and without the observer in turns; ${basis}. One process saturates a core here: what an observer takes of
the throughput is what it takes of the CPU. Wanted: each below ${goal} %. The first line is the measure's own error: *met* and *missed* are what it and the interval leave no doubt of.

${table}
${dear}`,
  );
  const page = join(root, 'docs/observe.md');
  const [before = '', after = ''] = readFileSync(page, 'utf8').split(/<!-- measured -->[\s\S]*<!-- \/measured -->/);
  writeFileSync(page, `${before}<!-- measured -->\n${table}\n<!-- /measured -->${after}`);
}
