import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { spanObserver } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { twoLockers } from './fleet.ts';

afterEach(() => trace.disable());

describe('spanObserver', () => {
  function finished(exporter: InMemorySpanExporter) {
    return exporter.getFinishedSpans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events }));
  }

  function observed(minWaitMs?: number) {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    // On a clock that only the test moves, a slow machine makes no waits of its own.
    const clock = fakeClock();
    const backend = memoryStore({ clock });
    const [a, b] = twoLockers({ clock, store: backend, job: 'rollup' }, { clock, store: backend.connect(), job: 'nightly' });
    const options = { tracer: trace.getTracer('giveway'), ...(minWaitMs === undefined ? {} : { minWaitMs }) };
    const observers = [a, b].map((locker) => spanObserver(locker, options));
    return { exporter, clock, a, b, observers };
  }

  test('a span for the hold, one for a wait, and the error of a loss', async () => {
    const { exporter, clock, a, b } = observed();
    const lock = await a.lock('visits');
    const waits = new Promise<void>((resolve) => b.on('waiting', () => resolve()));
    const waited = b.run('visits', () => {}, { onBusy: 'retry' });
    await waits;
    clock.block(1_500);
    await lock.unlock();
    await clock.advance(1_000);
    await waited; // its hold is too short for a span
    await b.lock('visits');
    await b.close();
    const nightly = { 'giveway.scope': 'visits', 'giveway.job': 'nightly' };
    // Whoever leaves makes the next a holder: that one knows it before the answer is here.
    expect(finished(exporter)).toMatchObject([
      { name: 'giveway.wait', attributes: { ...nightly, 'giveway.outcome': 'acquired' } },
      {
        name: 'giveway.hold',
        attributes: { ...nightly, 'giveway.job': 'rollup', 'giveway.outcome': 'released', 'giveway.protected': true },
      },
      {
        name: 'giveway.hold',
        attributes: { ...nightly, 'giveway.outcome': 'lost: closed' },
        status: { code: 2, message: expect.stringContaining('visits') },
        events: [{ name: 'exception' }],
      },
    ]);
    const [seconds, nanoseconds] = exporter.getFinishedSpans()[0]?.duration ?? [0, 0];
    expect(seconds + nanoseconds / 1e9).toBeGreaterThanOrEqual(1.5);
  });

  test('a skip after a wait names the holder; disposing ends what is open', async () => {
    const { exporter, clock, a, b, observers } = observed(100);
    await a.lock('visits');
    const skipped = b.run('visits', () => {}, { onBusy: 'retry', retry: { maxWaitMs: 150 } });
    await clock.advance(150);
    await skipped;
    expect(finished(exporter)).toMatchObject([
      {
        name: 'giveway.wait',
        attributes: { 'giveway.outcome': 'skipped', 'giveway.reason': 'busy', 'giveway.holder': expect.stringMatching(/^rollup@/) },
      },
    ]);
    for (const observer of observers) observer[Symbol.dispose]();
    expect(finished(exporter)[1]).toMatchObject({ name: 'giveway.hold', attributes: { 'giveway.outcome': 'unobserved' } });
  });

  test('a hold gets its span when it is over, from when it began, in the context in which the lock was asked for', async () => {
    const { clock, a, observers } = observed();
    for (const observer of observers) observer[Symbol.dispose]();
    const requests = new AsyncLocalStorage<string>();
    const spans: string[] = [];
    const fromMs: number[] = [];
    spanObserver(a, {
      minHoldMs: 20,
      tracer: {
        startSpan(name, { startTime }) {
          spans.push(`${name} ${requests.getStore()}`);
          fromMs.push(startTime.getTime());
          return { setStatus: () => {}, recordException: () => {}, end: () => {} };
        },
      },
    });
    const [short, long] = await Promise.all([
      requests.run('one', () => a.lock('visits')),
      requests.run('two', () => a.lock('events')),
      requests.run('three', () => a.lock('sessions')),
    ]);
    const hadMs = Date.now();
    clock.block(19);
    await short.unlock();
    clock.block(1);
    expect(spans).toEqual([]);
    await requests.run('four', () => long.unlock());
    await a.close(); // loses the third, in nobody's context
    expect(spans).toEqual(['giveway.hold two', 'giveway.hold three']);
    for (const each of fromMs) expect(each).toBeLessThanOrEqual(hadMs);
  });
});
