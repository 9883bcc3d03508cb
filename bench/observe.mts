/**
 * `npx tsx bench/observe.mts`: what observers cost. Locks on a real memcached with and without each of them, in turns within
 * one run. Starts a memcached and a PostgreSQL of its own. Writes its section of bench/RESULTS.md, and the table of
 * docs/observe.md. `--seconds N` of each process (8), `--processes N` for each observer and load (3), `--only TEXT`, `--no-write`.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { memcachedServer, postgresServer } from '../test/support/services.ts';
import { buildBench } from './build.ts';
import { type Estimate, median } from './estimate.ts';
import { type Cost, costOf, type Pair, verdictOf } from './observe/figures.ts';
import { observers } from './observe/observers.ts';
import { type Shares, sharesOf } from './observe/profile.ts';
import { machine, writeSection } from './results-file.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    processes: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    'no-write': { type: 'boolean', default: false },
  },
});
const goal = 5;
const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

const at = machine();
const built = await buildBench('observe', {
  entry: ['bench/observe/worker.ts'],
  unbundle: true,
  external: [/^@opentelemetry/, 'memjs', 'pg', 'pino'],
  format: 'esm',
  tsconfig: false,
});
const memcached = await memcachedServer();
const postgres = await postgresServer();

/** How many locks are in flight: a process that waits for each, and one that saturates its core. */
const loads = [1, 64] as const;
type Load = (typeof loads)[number];

async function work(
  name: string,
  seconds: string,
  load: Load,
  flags: readonly string[] = [],
  which: readonly string[] = [],
): Promise<readonly Pair[]> {
  const worker = join(built, 'worker.mjs');
  const args = [...flags, worker, name, memcached.url, postgres.url, seconds, String(load), ...which];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Pair[];
}

/** Where the time goes while all locks are observed. */
async function profile(name: string): Promise<Shares> {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-profile-'));
  await work(name, '3', 64, ['--cpu-prof', '--cpu-prof-dir', folder], ['all']);
  const shares = sharesOf(folder);
  rmSync(folder, { recursive: true });
  return shares;
}

type Costs = Readonly<Record<Load, Cost>>;
const costs = new Map<string, Costs>();
const profiles = new Map<string, Shares>();
const names = Object.keys(observers).filter((each) => each.includes(values.only));
const seen = new Map(names.map((name): [string, Record<Load, Pair[]>] => [name, { 1: [], 64: [] }]));
// One process is luckier with its memory and its code than another, and one minute quieter than another.
for (let process = 0; process < Number(values.processes); process++) {
  for (const [name, pairs] of seen) {
    for (const load of loads) pairs[load].push(...(await work(name, values.seconds, load)));
  }
}
for (const [name, pairs] of seen) {
  const cost = { 1: costOf(pairs[1]), 64: costOf(pairs[64]) };
  costs.set(name, cost);
  console.log(`| ${name.padEnd(72)} | ${cellsOf(name, cost).join(' | ')} |`);
  if (name.startsWith('nothing')) continue;
  profiles.set(name, await profile(name));
  console.log(profileOf(name));
}
await memcached.stop();
await postgres.stop();

function cellsOf(name: string, cost: Costs): readonly string[] {
  const cell = ({ median, least, most }: Estimate, unit: string): string =>
    `${median.toFixed(1)} ${unit} (${least.toFixed(1)} to ${most.toFixed(1)})`;
  const judged = loads.flatMap((load) => [cell(cost[load].percent, '%'), verdict(name, load)]);
  return [...judged, cell(cost[64].addedCpuMicros, 'µs')];
}

function verdict(name: string, load: Load): string {
  const [cost, nothing] = [costs.get(name), costs.get('nothing (the noise)')];
  return name.startsWith('nothing') || cost === undefined ? '' : verdictOf(cost[load], nothing?.[load], goal);
}

function profileOf(name: string): string {
  const shares = profiles.get(name);
  if (shares === undefined) return '';
  const dearest = shares.dearest.map(([place, percent]) => `\`${place}\` ${percent.toFixed(1)} %`).join(', ');
  const sdk = shares.openTelemetry > 0 ? `${shares.openTelemetry.toFixed(1)} % in OpenTelemetry's packages (${dearest}), ` : '';
  return `- ${name}: ${sdk}${shares.observers.toFixed(1)} % in \`src/observe\`, ${shares.garbage.toFixed(1)} % in the garbage collector`;
}

const table = [
  '| observer | one after another: median (95 % interval) | | 64 in flight | | CPU added per lock |',
  '|---|---:|---|---:|---|---:|',
  ...[...costs].map(([name, cost]) => `| ${name} | ${cellsOf(name, cost).join(' | ')} |`),
].join('\n');

function basis(load: Load): string {
  const plain = [...costs.values()].map((cost) => cost[load].plain);
  const perSecond = median(plain.map(({ locksPerSecond }) => locksPerSecond));
  const cpuMicros = median(plain.map((each) => each.cpuMicros));
  return `${Math.round(perSecond / 100) * 100} locks a second, ${cpuMicros.toFixed(0)} µs of CPU each`;
}

if (!values['no-write']) {
  const dear =
    profiles.size === 0
      ? ''
      : `\nWhere the CPU time goes, by a profile of locks that are all observed:\n\n${[...profiles.keys()].map(profileOf).join('\n')}`;
  writeSection(
    'What observers cost (`npx tsx bench/observe.mts`)',
    `${at}

Locks on memcached over loopback on one connection, rounds of some 20 ms with and without the observer in turns, in ${values.processes} processes of ${values.seconds} s each. One after another: without observers ${basis(1)}. 64 in flight:
${basis(64)}; one process saturates its core there, and what an observer takes of the throughput is what it takes of the CPU. Wanted: each below ${goal} %. The first
line is the measure's own error: *met* and *missed* are what it and the interval leave no doubt of.

${table}
${dear}`,
  );
  const page = join(root, 'docs/observe.md');
  const [before = '', after = ''] = readFileSync(page, 'utf8').split(/<!-- measured -->[\s\S]*<!-- \/measured -->/);
  writeFileSync(page, `${before}<!-- measured -->\n${table}\n<!-- /measured -->${after}`);
}
