/**
 * `npx tsx bench/advise.mts`: how fast `giveway advise` reads logs, and with how much memory. The logs are of the demo's load
 * without locks, in each format, repeated to `--mb N` (1 000) each. Writes its section of bench/RESULTS.md. `--no-write`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { postgresServer } from '../test/support/services.ts';
import { buildBench } from './build.ts';
import { machine, writeSection } from './results-file.ts';

const { values } = parseArgs({ options: { mb: { type: 'string', default: '1000' }, 'no-write': { type: 'boolean', default: false } } });
const bytes = Number(values.mb) * 1e6;
const [fastEnough, smallEnough] = [50, 150];
const formats = { csvlog: 'csv', jsonlog: 'json', stderr: 'log' } as const;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'giveway-advise-'));
chmodSync(folder, 0o777); // the server runs as another account where we are root

const at = machine();
const built = await buildBench('advise', { entry: { cli: 'src/cli/main.ts' }, format: 'cjs' });

const settings = [
  'logging_collector=on',
  'log_destination=csvlog,jsonlog,stderr',
  `log_directory=${folder}`,
  'log_filename=server.log',
  'log_file_mode=0644',
  'log_rotation_size=0',
  'log_statement=all',
  'log_line_prefix=%m [%p] %v %e %q%u@%d %a ',
  'log_parameter_max_length=100',
];
const server = await postgresServer(settings.flatMap((setting) => ['-c', setting]));
const order = JSON.stringify({ url: server.url, schema: 'bench_advise', conflicts: 100 });
execFileSync(process.execPath, ['--import', 'tsx', join(root, 'test/advise/play.node.ts'), order], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
await server.stop();

/** The same log again and again, a day later each time. */
function grow(file: string): string {
  const text = readFileSync(join(folder, file), 'latin1');
  const day = text.slice(text.search(/\d{4}-\d\d-\d\d /), text.search(/\d{4}-\d\d-\d\d /) + 10);
  const grown = join(folder, `grown-${file}`);
  const out = openSync(grown, 'w');
  for (let written = 0, days = 0; written < bytes; days += 1) {
    const later = new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
    written += writeSync(out, Buffer.from(text.replaceAll(day, later), 'latin1'));
  }
  closeSync(out);
  return grown;
}

interface Usage {
  readonly userCPUTime: number;
  readonly systemCPUTime: number;
  readonly maxRSS: number;
}

const preload = join(folder, 'usage.cjs');
writeFileSync(
  preload,
  "process.on('exit', () => require('node:fs').writeFileSync(process.env.USAGE, JSON.stringify(process.resourceUsage())))",
);

async function read(
  file: string,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number; readonly mb: number; readonly conflicts: number }> {
  const env = { ...process.env, USAGE: join(folder, 'usage.json') };
  const startMs = performance.now();
  const child = spawn(process.execPath, ['-r', preload, join(built, 'cli.cjs'), 'advise', '--json', '--log', file], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  await once(child, 'close');
  const seconds = (performance.now() - startMs) / 1_000;
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(env.USAGE, 'utf8')) as Usage;
  const { conflicts } = JSON.parse(Buffer.concat(pieces).toString()) as { conflicts: { all: number } };
  return { seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, mb: (maxRSS * 1_024) / 1e6, conflicts: conflicts.all };
}

const rows: string[] = [];
for (const [format, extension] of Object.entries(formats)) {
  const file = grow(`server.${extension}`);
  const { seconds, cpuSeconds, mb, conflicts } = await read(file);
  rmSync(file);
  const rate = (spent: number): string => (bytes / 1e6 / spent).toFixed(0);
  rows.push(`| ${format} | ${conflicts} | ${seconds.toFixed(1)} | ${rate(seconds)} | ${rate(cpuSeconds)} | ${mb.toFixed(0)} |`);
  process.stdout.write(`${rows.at(-1)}\n`);
}
rmSync(folder, { recursive: true });

const text = `${at}

${values.mb} MB of the log of the demo's load without locks, \`log_statement = 'all'\`, read by \`giveway advise --json\` as it is shipped. Wanted: ${fastEnough} MB/s, ${smallEnough} MB at most.

| log | conflicts | s | MB/s | MB per s of CPU, all threads | most memory, MB |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}
`;
if (values['no-write']) process.stdout.write(text);
else writeSection('Reading logs (`npx tsx bench/advise.mts`)', text);
