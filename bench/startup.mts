/**
 * `npx tsx bench/startup.mts`: from `giveway run` to the start of its command, beside `node -e 0`, in turns within one run. With
 * a JSON config and a memcached of its own. Writes its section of bench/RESULTS.md. `--rounds N` (25), `--no-write`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memcachedServer } from '../test/support/services.ts';
import { buildBench } from './build.ts';
import { type Estimate, spreadOf } from './estimate.ts';
import { machine, writeSection } from './results-file.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '25' }, 'no-write': { type: 'boolean', default: false } } });
const goal = 2;
const folder = mkdtempSync(join(tmpdir(), 'giveway-startup-'));

const at = machine();
// As it is shipped: bundled, with the parts that are loaded late beside it.
const built = await buildBench('startup', {
  entry: { cli: 'src/cli/main.ts', config: 'src/config/index.ts', index: 'src/index.ts', memcached: 'src/stores/memcached/index.ts' },
  format: 'cjs',
});
const memcached = await memcachedServer();
const config = join(folder, 'giveway.config.json');
writeFileSync(config, JSON.stringify({ store: `memcached://${memcached.url}`, resources: { events: { ttlMs: 60_000 }, visits: {} } }));

/** Until the command says what time it is. */
async function untilCommand(): Promise<number> {
  const startMs = Date.now();
  const args = [join(built, 'cli.cjs'), 'run', '--config', config, '--write', 'events', '--', 'date', '+%s%N'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`giveway run exited with ${code}`);
  return Number(said) / 1e6 - startMs;
}

async function emptyNode(): Promise<number> {
  const startMs = Date.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
  return Date.now() - startMs;
}

const figures: { node: number; run: number }[] = [];
for (let round = -2; round < Number(values.rounds); round++) {
  const node = await emptyNode();
  const run = await untilCommand();
  if (round >= 0) figures.push({ node, run });
}
await memcached.stop();
rmSync(folder, { recursive: true });

const show = ({ median, least, most }: Estimate, digits: number): string =>
  `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
const ratio = spreadOf(figures.map(({ node, run }) => run / node));
const table = `| | ms: median (least–most) |
|---|---:|
| \`node -e 0\`, start to end | ${show(spreadOf(figures.map(({ node }) => node)), 0)} |
| \`giveway run\`, start to the command's start | ${show(spreadOf(figures.map(({ run }) => run)), 0)} |

Ratio within each round: ${show(ratio, 2)}, wanted ≤ ${goal}: ${ratio.median <= goal ? 'met' : '**missed**'}.`;
console.log(table);
if (!values['no-write']) {
  writeSection(
    'Start-up of giveway run (`npx tsx bench/startup.mts`)',
    `${at}

${figures.length} rounds in turns; a JSON config, one lock on memcached over loopback.

${table}`,
  );
}
