/** `npm run bench`: giveway beside its peers, in one run on one machine, in turns. Prints tables, and writes them to bench/RESULTS.md. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memcachedServer, postgresServer, redisServer } from '../../test/support/services.ts';
import { progress } from '../progress.ts';
import { machine, writeSection } from '../results-file.ts';
import { targetLines } from '../targets.ts';
import { aloneTable, aloneTargets, type Effort, measureAlone, ratesOf } from './alone.mts';
import { buildGiveway } from './built.mts';
import { writeChart } from './chart.mts';
import type { Contender, Urls } from './contender.mts';
import { contenders, memjsAlone, runName } from './contenders.mts';
import { measureCost } from './cost.mts';
import { crowdTable, holdMs, measureCrowd, processes, waiters, waitsOf } from './crowd.mts';

const help = `npm run bench -- [options]
  --quick       the ratios alone, nothing written
  --rounds N    rounds of each contender (9; quick: 15, short ones)
  --seconds N   length of a round of the crowd (3)
  --only TEXT   only contenders whose name has it
  --node PATH   with this Node; nothing written
  --no-write    leave bench/RESULTS.md and bench/peers.svg as they are
`;

const lanes = 64;
const fullEffort: Omit<Effort, 'rounds'> = { sequential: { lanes: 1, pairs: 1_500 }, inFlight: { lanes, pairs: 6_000 } };
const quickEffort: Omit<Effort, 'rounds'> = { sequential: { lanes: 1, pairs: 300 }, inFlight: { lanes, pairs: 1_500 } };
const heartbeatMs = 20_000;

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string' },
      node: { type: 'string' },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  if (values.node !== undefined) return playWith(values.node);
  const quick = values.quick;
  const rounds = Number(values.rounds ?? (quick ? 15 : 9));
  const runMs = Number(values.seconds) * 1_000;
  if (!(Number.isInteger(rounds) && rounds > 0 && runMs > 0)) throw new Error(help);

  const able = ({ nodeMajor = 0 }: Contender): boolean => Number(process.versions.node.split('.')[0]) >= nodeMajor;
  const wanted = ({ name, backend }: Contender): boolean => name.includes(values.only ?? '') && !(quick && backend === 'postgres');
  const chosen = contenders.filter((contender) => able(contender) && wanted(contender));
  const where = machine();
  progress('building');
  const [memcached, redis, postgres] = await Promise.all([
    memcachedServer(),
    redisServer(),
    quick ? undefined : postgresServer(),
    buildGiveway(),
  ]);
  const urls: Urls = { memcached: memcached.url, redis: redis.url, postgres: postgres?.url ?? '' };
  try {
    const compared = [contenders[0]?.name, runName, memjsAlone];
    const needsSequential = ({ name }: Contender): boolean => !quick || compared.includes(name);
    const alone = await measureAlone(chosen, urls, { rounds, ...(quick ? quickEffort : fullEffort) }, needsSequential);
    const cost = await measureCost(urls, rounds, quick ? 0 : heartbeatMs);
    const crowd = quick ? [] : await measureCrowd(chosen, urls, Math.ceil(rounds / 2), runMs);
    progress();
    const unable = contenders.filter((contender) => !able(contender)).map(({ name, nodeMajor }) => `${name} needs Node ${nodeMajor}.`);
    const text = [
      `${rounds} rounds in turns, each contender in a process of its own; medians (least–most). ${unable.join(' ')}`.trim(),
      '### Nobody else wants the key',
      aloneTable(alone, lanes),
      ...(quick
        ? []
        : [`### ${processes} processes with ${waiters} waiters each want one key, and hold it for ${holdMs} ms`, crowdTable(crowd)]),
      '### What was wanted',
      targetLines([...aloneTargets(alone), ...cost]),
    ].join('\n\n');
    process.stdout.write(`Node ${process.version}. ${text}\n`);
    if (quick || values['no-write'] || values.only !== undefined) return;
    writeSection('giveway beside its peers (`npm run bench`)', `${where}\n\n${text}`);
    writeChart(ratesOf(alone), waitsOf(crowd));
  } finally {
    await Promise.all([memcached.stop(), redis.stop(), postgres?.stop()]);
  }
}

/** All of this again, in another Node. */
function playWith(node: string): void {
  const others = process.argv.slice(2).filter((argument, at, all) => !argument.startsWith('--node') && all[at - 1] !== '--node');
  const { status } = spawnSync(node, [...process.execArgv, fileURLToPath(import.meta.url), '--no-write', ...others], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

bench().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  },
);
