/**
 * What observers cost: lock and unlock with and without them, in turns within one run. Counted in CPU time and by the
 * best round of each, which other programs on the machine disturb least.
 *
 * `npx tsx bench/observe.mts`: on the memory store, where a lock costs next to nothing.
 * `MEMCACHED_SERVERS=localhost:11211 npx tsx bench/observe.mts`: on a real store.
 */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { createLocker } from '../src/index.ts';
import {
  createJournal,
  diagnosticsObserver,
  holdTimes,
  logObserver,
  metricsObserver,
  type Observed,
  postgresJournal,
  spanObserver,
} from '../src/observe/index.ts';
import { memcachedStore } from '../src/stores/memcached/index.ts';
import { memoryStore } from '../src/stores/memory.ts';

const servers = process.env['MEMCACHED_SERVERS'];
const rounds = 200;
const locksPerRound = servers === undefined ? 500 : 50;
const nothing = (): void => {};

class IdleReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, isLevelEnabled: (level: string) => level !== 'debug' };
const meter = new MeterProvider({ readers: [new IdleReader()] }).getMeter('bench');
const span = { setAttributes: nothing, setStatus: nothing, recordException: nothing, end: nothing };

const observers: Readonly<Record<string, (locker: Observed) => Disposable>> = {
  'nothing (the noise)': () => ({ [Symbol.dispose]: nothing }),
  'log at info': (locker) => logObserver(locker, logger),
  'diagnostics, nobody subscribed': diagnosticsObserver,
  'hold times': (locker) => holdTimes(locker),
  'journal in memory': (locker) => createJournal().observe(locker),
  'journal in Postgres, buffer only': (locker) =>
    postgresJournal({ pool: { query: async () => ({ rows: [] }) }, flushMs: 600_000 }).observe(locker),
  'metrics, OpenTelemetry SDK': (locker) => metricsObserver(locker, { meter }),
  'spans, tracer that keeps nothing': (locker) => spanObserver(locker, { tracer: { startSpan: () => span } }),
};

async function round(observe: ((locker: Observed) => Disposable) | undefined): Promise<number> {
  const store = servers === undefined ? memoryStore() : memcachedStore({ servers });
  const locker = createLocker({ store, closesStore: true, job: 'bench' });
  const observer = observe?.(locker);
  const start = process.cpuUsage();
  for (let i = 0; i < locksPerRound; i++) await (await locker.lock('events')).unlock();
  const { user, system } = process.cpuUsage(start);
  observer?.[Symbol.dispose]();
  await locker.close();
  return user + system;
}

for (const observe of [undefined, ...Object.values(observers)]) for (let i = 0; i < 20; i++) await round(observe);
const plain: number[] = [];
const observed: Record<string, number[]> = Object.fromEntries(Object.keys(observers).map((name) => [name, []]));
for (let i = 0; i < rounds; i++) {
  plain.push(await round(undefined));
  for (const [name, observe] of Object.entries(observers)) observed[name]?.push(await round(observe));
}

const plainMicros = Math.min(...plain) / locksPerRound;
console.log(`lock + unlock on ${servers === undefined ? 'the memory store' : 'memcached'}: ${plainMicros.toFixed(2)} µs`);
for (const [name, rounds] of Object.entries(observed)) {
  const added = Math.min(...rounds) / locksPerRound - plainMicros;
  console.log(`${name.padEnd(34)} ${((added / plainMicros) * 100).toFixed(1).padStart(6)} %   ${added.toFixed(2).padStart(6)} µs`);
}
