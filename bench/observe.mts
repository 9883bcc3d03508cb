/**
 * What observers cost: lock and unlock with and without them, in turns within one run. Counted in CPU time, which other
 * programs on the machine disturb least.
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
const rounds = 30;
const locksPerRound = servers === undefined ? 2_000 : 300;
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

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

for (const observe of [undefined, ...Object.values(observers)]) for (let i = 0; i < 5; i++) await round(observe);
console.log(`lock + unlock on ${servers === undefined ? 'the memory store' : 'memcached'}, ${rounds} rounds of ${locksPerRound}, medians`);
for (const [name, observe] of Object.entries(observers)) {
  const ratios: number[] = [];
  const added: number[] = [];
  for (let i = 0; i < rounds; i++) {
    // Whoever goes second finds a warmer or a busier machine: take turns.
    const first = i % 2 === 0 ? await round(undefined) : undefined;
    const observed = await round(observe);
    const plain = first ?? (await round(undefined));
    ratios.push(observed / plain);
    added.push((observed - plain) / locksPerRound);
  }
  console.log(
    `${name.padEnd(34)} ${((median(ratios) - 1) * 100).toFixed(1).padStart(6)} %   ${median(added).toFixed(2).padStart(6)} µs per lock`,
  );
}
