import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  type IMetricReader,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { StoreUnavailableError } from '../../src/index.ts';
import { runFire, takeFire } from '../../src/jobs/fires.ts';
import { type LabelOptions, metricsObserver } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { faultyStore } from '../../src/testing/index.ts';
import { twoLockers } from './fleet.ts';

const providers: MeterProvider[] = [];
afterEach(async () => {
  metrics.disable();
  await Promise.all(providers.splice(0).map((provider) => provider.shutdown()));
});

/** As docs/observe.md sets it up. */
function prometheus(...others: IMetricReader[]): PrometheusExporter {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter, ...others] });
  providers.push(provider);
  metrics.setGlobalMeterProvider(provider);
  return exporter;
}

/** The samples of giveway, by name and labels, as a scraper sees them. */
async function scrape(exporter: PrometheusExporter): Promise<Map<string, number>> {
  const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('giveway_'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [
          line
            .slice(0, at)
            .replace(/,?otel_scope_\w+="[^"]*"/g, '')
            .replace('{,', '{')
            .replace('{}', ''),
          Number(line.slice(at)),
        ];
      }),
    );
  } finally {
    server.close();
  }
}

function observeBoth(labels?: LabelOptions) {
  const store = faultyStore(memoryStore());
  const [a, b] = twoLockers({ store, job: 'rollup' }, { store, job: 'nightly' });
  const options = { meter: metrics.getMeter('giveway'), ...(labels === undefined ? {} : { labels }) };
  const observers = [a, b].map((locker) => metricsObserver(locker, options));
  return { store, a, b, observers };
}

describe('metricsObserver, read through the Prometheus exporter', () => {
  test('attempts, skips, waits and holds, what is held now', async () => {
    const exporter = prometheus();
    const { a, b, observers } = observeBoth();
    const lock = await a.lock('visits');
    await b.run('visits', () => {});
    const during = await scrape(exporter);
    expect(during.get('giveway_held')).toBe(1);
    await lock.unlock();
    await b.run('visits', () => {});
    const after = await scrape(exporter);
    expect(Object.fromEntries(after)).toMatchObject({
      'giveway_attempts_total{outcome="acquired"}': 2,
      'giveway_attempts_total{outcome="busy"}': 1,
      'giveway_skips_total{reason="busy"}': 1,
      'giveway_releases_total{outcome="released"}': 2,
      giveway_wait_duration_count: 2,
      giveway_skip_duration_count: 1,
      giveway_hold_duration_count: 2,
      'giveway_hold_duration_bucket{le="300"}': 2,
      giveway_held: 0,
      giveway_store_down: 0,
    });
    for (const observer of observers) observer[Symbol.dispose]();
    await b.run('visits', () => {});
    expect((await scrape(exporter)).get('giveway_attempts_total{outcome="acquired"}')).toBe(2);
  });

  test('losses, outages, failed releases, conflicts, late locks, starving jobs', async () => {
    const exporter = prometheus();
    const { store, a, b } = observeBoth();
    const lock = await a.lock('visits');
    const down = store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await expect(lock.unlock()).rejects.toThrow();
    await b.run('events', () => {});
    expect((await scrape(exporter)).get('giveway_store_down')).toBe(2);
    down.disarm();
    await a.lock('events');
    await b.run('events', () => {}, { starveAfter: { skips: 1 } });
    await a.close();
    const scope = { writes: ['visits'], appends: [], reads: [] };
    b.announce('conflict', () => ({ scope, job: 'nightly', code: '40P01', message: 'm', tables: ['visits'], attempt: 1 }));
    b.announce('late-lock', () => ({ sql: 's', tables: ['visits'], job: undefined }));
    b.announce('notice', () => ({ code: 'ERR_GIVEWAY_RECORD', message: 'm' }));
    const samples = await scrape(exporter);

    expect(Object.fromEntries(samples)).toMatchObject({
      'giveway_attempts_total{outcome="unprotected"}': 1,
      'giveway_lost_total{reason="closed"}': 1,
      'giveway_releases_total{outcome="lost"}': 1,
      giveway_hold_duration_count: 2,
      'giveway_store_errors_total{phase="outage",code="ERR_GIVEWAY_STORE_UNAVAILABLE"}': expect.any(Number),
      'giveway_store_errors_total{phase="release",code="ERR_GIVEWAY_STORE_UNAVAILABLE"}': 1,
      'giveway_conflicts_total{code="40P01"}': 1,
      giveway_late_locks_total: 1,
      giveway_starving_total: 1,
      'giveway_notices_total{code="ERR_GIVEWAY_RECORD"}': 1,
      giveway_held: 0,
    });
    expect([...samples.keys()].join()).not.toMatch(/resource=|job=/);
  });

  test('labels for resource and job, bounded: tenants are families, and what is too many is "other"', async () => {
    const exporter = prometheus();
    const { a } = observeBoth({ resource: true, job: true, maxValues: 3 });
    for (const resource of ['visits', 'events/acme', 'events/initech', 'pages', 'sessions', 'clicks']) await a.run(resource, () => {});
    const samples = await scrape(exporter);
    const counts = [...samples].filter(([name]) => name.startsWith('giveway_attempts_total'));
    expect(Object.fromEntries(counts)).toEqual({
      'giveway_attempts_total{resource="visits",job="rollup",outcome="acquired"}': 1,
      'giveway_attempts_total{resource="events/*",job="rollup",outcome="acquired"}': 2,
      'giveway_attempts_total{resource="pages",job="rollup",outcome="acquired"}': 1,
      'giveway_attempts_total{resource="other",job="rollup",outcome="acquired"}': 2,
    });
  });

  test('a fire counts by what became of it, under its job alone, and as no attempt or skip', async () => {
    const exporter = prometheus();
    const { a, b } = observeBoth({ resource: true, job: true });
    const fire = { key: 'mail:1', name: 'mail', slot: undefined, job: 'mail' };
    await runFire(a, fire, 60_000, {}, () => {});
    await takeFire(b, fire, 60_000, {});
    const counts = [...(await scrape(exporter))].filter(([name]) => /^giveway_(fires|attempts|skips|releases|starving)_total/.test(name));
    expect(Object.fromEntries(counts)).toEqual({
      'giveway_fires_total{job="mail",outcome="taken"}': 1,
      'giveway_fires_total{job="mail",outcome="elsewhere"}': 1,
    });
  });

  test('the lockers of a meter share the bound: tenants with a locker each make no more series than one', async () => {
    const exporter = prometheus();
    const { a, b } = observeBoth({ resource: true, maxValues: 2 });
    for (const resource of ['visits', 'clicks']) await a.run(resource, () => {});
    for (const resource of ['clicks', 'sessions', 'pages']) await b.run(resource, () => {});
    const counts = [...(await scrape(exporter))].filter(([name]) => name.startsWith('giveway_attempts_total'));
    expect(Object.fromEntries(counts)).toEqual({
      'giveway_attempts_total{resource="visits",outcome="acquired"}': 1,
      'giveway_attempts_total{resource="clicks",outcome="acquired"}': 2,
      'giveway_attempts_total{resource="other",outcome="acquired"}': 2,
    });
  });

  test('labels are those of the counters, unless the histograms are to have them too', async () => {
    const exporter = prometheus();
    const { a, observers } = observeBoth({ job: true });
    await a.run('visits', () => {});
    const plain = Object.fromEntries(await scrape(exporter));
    expect(plain).toMatchObject({ 'giveway_attempts_total{job="rollup",outcome="acquired"}': 1, giveway_wait_duration_count: 1 });
    for (const observer of observers) observer[Symbol.dispose]();
    using _labelled = metricsObserver(a, { meter: metrics.getMeter('giveway'), labels: { job: true, histograms: true } });
    await a.run('visits', () => {});
    expect(Object.fromEntries(await scrape(exporter))).toMatchObject({
      'giveway_wait_duration_count{job="rollup"}': 1,
      'giveway_hold_duration_count{job="rollup"}': 1,
    });
  });

  test('what was counted before the observers were disposed is still collected, and goes on with the next', async () => {
    const exporter = prometheus();
    const { a, b, observers } = observeBoth();
    await a.run('visits', () => {});
    await b.lock('events');
    for (const observer of observers) observer[Symbol.dispose]();
    await a.run('visits', () => {});
    const acquired = 'giveway_attempts_total{outcome="acquired"}';
    expect(Object.fromEntries(await scrape(exporter))).toMatchObject({ [acquired]: 2, giveway_held: 0 });
    using _next = metricsObserver(a, { meter: metrics.getMeter('giveway') });
    await a.run('visits', () => {});
    expect(Object.fromEntries(await scrape(exporter))).toMatchObject({ [acquired]: 3, giveway_held: 0 });
  });

  test('two readers, of which one takes differences, hear of each lock of two lockers once', async () => {
    const differences = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const reader = new PeriodicExportingMetricReader({ exporter: differences });
    const exporter = prometheus(reader);
    const { a, b, observers } = observeBoth();
    await a.run('visits', () => {});
    await b.run('visits', () => {});
    await reader.forceFlush();
    await b.run('visits', () => {});
    await scrape(exporter);
    await a.run('visits', () => {});
    for (const observer of observers) observer[Symbol.dispose]();
    await reader.forceFlush();
    const attempts = differences
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      .filter(({ descriptor }) => descriptor.name === 'giveway.attempts');
    expect(attempts.map(({ dataPoints }) => dataPoints.map(({ value }) => value))).toEqual([[2], [2]]);
    expect((await scrape(exporter)).get('giveway_attempts_total{outcome="acquired"}')).toBe(4);
  });

  test('units are as OpenTelemetry has them: seconds, or what is counted, in the singular', async () => {
    const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: memory });
    prometheus(reader);
    const { a, b } = observeBoth();
    await a.lock('visits');
    await b.run('visits', () => {}, { starveAfter: { skips: 1 } });
    const scope = { writes: ['visits'], appends: [], reads: [] };
    b.announce('conflict', () => ({ scope, job: 'nightly', code: '40P01', message: 'm', tables: ['visits'], attempt: 1 }));
    b.announce('late-lock', () => ({ sql: 's', tables: ['visits'], job: undefined }));
    b.announce('notice', () => ({ code: 'ERR_GIVEWAY_RECORD', message: 'm' }));
    const error = new StoreUnavailableError('gone');
    b.announce('store-down', () => ({ error }));
    await a.close();
    await reader.forceFlush();
    const all = memory.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((of) => of.metrics));
    expect(Object.fromEntries(all.map(({ descriptor }) => [descriptor.name, descriptor.unit]))).toEqual({
      'giveway.attempts': '{attempt}',
      'giveway.skips': '{skip}',
      'giveway.releases': '{lock}',
      'giveway.lost': '{lock}',
      'giveway.store.errors': '{error}',
      'giveway.conflicts': '{conflict}',
      'giveway.late_locks': '{write}',
      'giveway.starving': '{skip}',
      'giveway.notices': '{notice}',
      'giveway.held': '{lock}',
      'giveway.store.down': '{locker}',
      'giveway.wait.duration': 's',
      'giveway.skip.duration': 's',
      'giveway.hold.duration': 's',
    });
  });

  test('observing again and again leaves nothing with the meter', () => {
    const callbacks: object[] = [];
    const observable = () => ({ addCallback: (callback: object) => void callbacks.push(callback) });
    const meter = {
      createObservableCounter: observable,
      createObservableUpDownCounter: observable,
      createHistogram: () => ({ record: () => {} }),
    };
    const [locker] = twoLockers();
    metricsObserver(locker, { meter })[Symbol.dispose]();
    const once = callbacks.length;
    for (let i = 0; i < 10; i++) metricsObserver(locker, { meter })[Symbol.dispose]();
    expect(callbacks).toHaveLength(once);
  });
});
