/** `npm run bench`: giveway beside its peers, in one run on one machine, in turns. Prints tables, and writes them to bench/RESULTS.md. */
import { spawn } from 'node:child_process';
import { cpus, platform, release, totalmem } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memcachedServer, postgresServer, redisServer } from '../../test/support/services.ts';
import { type Contended, contended } from './contended.mts';
import { type Contender, contenders, type Urls } from './contenders.mts';
import { importMs, packageSize } from './footprint.mts';
import { requestCount } from './request-count.mts';
import { writeChart, writeSection } from './results.mts';
import { median, spread } from './statistics.mts';
import { inFlight, sequential } from './uncontended.mts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '3' }, only: { type: 'string' } },
});
const rounds = Number(values.rounds);
const runMs = Number(values.seconds) * 1_000;
const chosen = contenders.filter(({ name, backend }) => values.only === undefined || name.includes(values.only) || backend === values.only);

const servers = await Promise.all([memcachedServer(), redisServer(), postgresServer()]);
const urls: Urls = { memcached: servers[0].url, redis: servers[1].url, postgres: servers[2].url };
const lines: string[] = [];
const print = (line = ''): void => {
  console.log(line);
  lines.push(line);
};

try {
  print(
    `Measured ${new Date().toISOString().slice(0, 10)} on ${cpus().length} × ${cpus()[0]?.model.trim() || 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}, Node ${process.version}.`,
  );
  print(`${rounds} rounds in turns; each cell is the median, with the lowest and the highest. Servers on loopback.`);
  const alone = await measureAlone();
  const crowd = [await measureCrowd(0), await measureCrowd(5)];
  await measureHeartbeats();
  measureFootprint();
  writeSection('peers', 'giveway beside its peers', lines);
  writeChart(alone, crowd[1] ?? []);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

async function measureAlone(): Promise<{ name: string; perSecond: number; ours: boolean }[]> {
  const sessions = await Promise.all(
    chosen.map(async (contender) => ({
      contender,
      session: await contender.open(urls),
      p50: [] as number[],
      p99: [] as number[],
      rate: [] as number[],
    })),
  );
  for (let round = -1; round < rounds; round++) {
    for (const { contender, session, p50, p99, rate } of sessions) {
      progress(`alone, round ${round + 1} of ${rounds}: ${contender.name}`);
      const pairs = contender.name === 'advisory-lock' ? 100 : 1_500;
      const latency = await sequential(session, pairs);
      const perSecond = contender.name === 'advisory-lock' ? await inFlight(session, 16, 150) : await inFlight(session, 64, 6_000);
      // The first round warms up.
      if (round < 0) continue;
      p50.push(latency.p50Ms);
      p99.push(latency.p99Ms);
      rate.push(perSecond);
    }
  }
  for (const { session } of sessions) await session.close();
  print('\n### Nobody else wants the key\n');
  print('| | lock + unlock, p50 ms | p99 ms | pairs per second, 64 in flight |');
  print('|---|---|---|---|');
  for (const { contender, p50, p99, rate } of sessions)
    print(`| ${title(contender)} | ${spread(p50, 3)} | ${spread(p99, 3)} | ${spread(rate, 0)} |`);
  const of = (name: string) => sessions.find(({ contender }) => contender.name === name);
  const [ours, limit] = [of('giveway, memcached'), of('memjs add + delete (the limit)')];
  if (ours !== undefined && limit !== undefined) {
    print();
    target("sequential p50, of memjs's own add + delete", median(ours.p50) / median(limit.p50), 1.15, 'at most');
    target("64 in flight, of memjs's own add + delete", median(ours.rate) / median(limit.rate), 0.95, 'at least');
    const checked = sessions.filter(({ contender }) => contender.ownerChecked && contender.ours === undefined);
    if (checked.length > 0)
      target(
        '64 in flight, of the best peer that checks the owner',
        median(ours.rate) / Math.max(...checked.map(({ rate }) => median(rate))),
        1.4,
        'at least',
      );
  }
  return sessions.map(({ contender, rate }) => ({ name: contender.name, perSecond: median(rate), ours: contender.ours === true }));
}

async function measureCrowd(holdMs: number): Promise<{ name: string; longestCycles: number; ours: boolean }[]> {
  const waiting = chosen.filter(({ waits }) => waits);
  const results = new Map<Contender, Contended[]>(waiting.map((contender) => [contender, []]));
  const crowdRounds = Math.max(1, Math.ceil(rounds / 2));
  for (let round = 0; round < crowdRounds; round++) {
    for (const contender of waiting) {
      progress(`contended, hold ${holdMs} ms, round ${round + 1} of ${crowdRounds}: ${contender.name}`);
      results.get(contender)?.push(await contended(contender, urls, holdMs, runMs));
    }
  }
  print(`\n### 4 processes with 8 waiters each want one key, and hold it for ${holdMs} ms\n`);
  print(
    '| | hand-overs per second | fairness among processes | longest wait, ms | in mean cycles | utilisation | requests per hand-over |',
  );
  print('|---|---|---|---|---|---|---|');
  const fairCycleMs = holdMs * 32;
  const middle = (contender: Contender, of: (result: Contended) => number): number => median((results.get(contender) ?? []).map(of));
  const cycles = ({ longestMs, cycleMs }: Contended): number => longestMs / (fairCycleMs > 0 ? fairCycleMs : cycleMs);
  for (const [contender, all] of results) {
    const cell = (of: (result: Contended) => number, digits: number): string => spread(all.map(of), digits);
    const requests = Number.isNaN(all[0]?.requestsPerHandOver) ? '–' : cell((each) => each.requestsPerHandOver, 2);
    print(
      `| ${title(contender)} | ${cell((each) => each.perSecond, 0)} | ${cell((each) => each.fairness, 2)} | ${cell((each) => each.longestMs, 0)} | ${cell(cycles, 1)} | ${cell((each) => each.utilisation * 100, 0)} % | ${requests} |`,
    );
  }
  print();
  const peers = waiting.filter(({ ours }) => ours === undefined);
  for (const contender of waiting.filter(({ ours }) => ours)) {
    if (holdMs === 0 && peers.length > 0)
      target(
        `${contender.name}: hand-overs, of the best peer`,
        middle(contender, (each) => each.perSecond) / Math.max(...peers.map((peer) => middle(peer, (each) => each.perSecond))),
        5,
        'at least',
      );
    if (holdMs === 0)
      target(
        `${contender.name}: fairness`,
        middle(contender, (each) => each.fairness),
        0.6,
        'at least',
      );
    target(`${contender.name}: longest wait in ${fairCycleMs > 0 ? 'fair' : 'mean'} cycles`, middle(contender, cycles), 3, 'at most');
    if (holdMs > 0)
      target(
        `${contender.name}: utilisation`,
        middle(contender, (each) => each.utilisation),
        contender.backend === 'memcached' ? 0.9 : 0.95,
        'at least',
      );
    if (holdMs > 0 && contender.backend === 'memcached')
      target(
        `${contender.name}: requests per hand-over`,
        middle(contender, (each) => each.requestsPerHandOver),
        6,
        'at most',
      );
  }
  return waiting.map((contender) => ({ name: contender.name, longestCycles: middle(contender, cycles), ours: contender.ours === true }));
}

async function measureHeartbeats(): Promise<void> {
  const locks = 10_000;
  const heartbeatMs = 20_000;
  progress(`${locks} locks with heartbeats`);
  const worker = spawn(
    process.execPath,
    [
      '--expose-gc',
      '--import',
      'tsx',
      fileURLToPath(new URL('heartbeats-worker.mts', import.meta.url)),
      JSON.stringify({ memcached: urls.memcached, locks, runMs: heartbeatMs }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const before = await requestCount('memcached', urls);
  const { cpuShare, bytesPerLock, lost } = JSON.parse(await text(worker.stdout)) as {
    cpuShare: number;
    bytesPerLock: number;
    lost: number;
  };
  const requests = (await requestCount('memcached', urls)) - before - locks;
  print(`\n### ${locks.toLocaleString('en')} held locks, \`ttlMs\` 30 s, for ${heartbeatMs / 1_000} s\n`);
  print(`About ${Math.round(requests / (heartbeatMs / 1_000))} requests per second; ${lost} locks lost.\n`);
  target('share of one core', cpuShare, 0.05, 'at most');
  target('kB of RSS per lock', bytesPerLock / 1_000, 2, 'at most');
}

function measureFootprint(): void {
  progress('import time');
  const imports = importMs(5);
  const { packed, unpacked } = packageSize();
  print('\n### Footprint\n');
  print(
    `Importing \`giveway\` and its memcached store adds ${spread(imports, 0)} ms to a bare start of Node. The package is ${Math.round(packed / 1_000)} kB packed, ${Math.round(unpacked / 1_000)} kB unpacked.\n`,
  );
  target('ms of import over bare node', median(imports), 30, 'at most');
}

function target(what: string, measured: number, limit: number, sense: 'at least' | 'at most'): void {
  const met = sense === 'at least' ? measured >= limit : measured <= limit;
  print(`- ${met ? 'met' : '**not met**'}: ${what} ${measured.toFixed(2)}, ${sense} ${limit} wanted`);
}

function title({ name, ours }: Contender): string {
  return ours ? `**${name}**` : name;
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what} …`);
  else process.stderr.write(`${what} …\n`);
}
