import { subscribe } from 'node:diagnostics_channel';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type Sampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { Pool } from 'pg';
import pino from 'pino';
import {
  createJournal,
  diagnosticsObserver,
  eventNames,
  holdTimes,
  type LabelOptions,
  logObserver,
  metricsObserver,
  type Observed,
  postgresJournal,
  spanObserver,
} from '../../src/observe/index.ts';

/** Starts to observe. What it opens ends with the process. */
type Observer = (locker: Observed, databaseUrl: string) => void | Promise<void>;

const nothing = (): void => {};

/** pino makes its lines, and they are dropped. */
function log(locker: Observed, level: 'debug' | 'info'): void {
  logObserver(locker, pino({ level }, { write: nothing }));
}

function metrics(locker: Observed, labels?: LabelOptions): void {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('giveway');
  metricsObserver(locker, labels === undefined ? { meter } : { meter, labels });
}

/** The SDK's own batches, to an exporter that takes them and sends nothing. */
function spans(locker: Observed, options: { readonly minHoldMs?: number } = {}, sampler?: Sampler): void {
  const exporter = { export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }), shutdown: async () => {} };
  const spanProcessors = [new BatchSpanProcessor(exporter)];
  const tracer = new BasicTracerProvider(sampler === undefined ? { spanProcessors } : { sampler, spanProcessors }).getTracer('giveway');
  spanObserver(locker, { tracer, ...options });
}

async function fleetJournal(locker: Observed, connectionString: string): Promise<void> {
  const journal = postgresJournal({ pool: new Pool({ connectionString }), table: `journal_${process.pid}` });
  await journal.createTable();
  journal.observe(locker);
}

/** What is measured, by the name it has in the results. */
export const observers: Readonly<Record<string, Observer>> = {
  'nothing (the noise)': nothing,
  'log at info, pino': (locker) => log(locker, 'info'),
  'log at debug, pino': (locker) => log(locker, 'debug'),
  'metrics, OpenTelemetry SDK and Prometheus exporter': (locker) => metrics(locker),
  'the same, labelled by resource and job': (locker) => metrics(locker, { resource: true, job: true }),
  'the same, the histograms labelled too': (locker) => metrics(locker, { resource: true, job: true, histograms: true }),
  'spans, SDK and batches': (locker) => spans(locker),
  'spans of holds however short, 1 of 100 sampled': (locker) => spans(locker, { minHoldMs: 0 }, new TraceIdRatioBasedSampler(0.01)),
  'spans of holds however short, all': (locker) => spans(locker, { minHoldMs: 0 }),
  'diagnostics, nobody subscribed': (locker) => void diagnosticsObserver(locker),
  'diagnostics, a subscriber to each': (locker) => {
    diagnosticsObserver(locker);
    for (const event of eventNames) subscribe(`giveway:${event}`, nothing);
  },
  'hold times': (locker) => void holdTimes(locker),
  'journal in memory': (locker) => void createJournal().observe(locker),
  'journal in Postgres': fleetJournal,
  'log at info, metrics, spans, diagnostics, journal in Postgres': async (locker, databaseUrl) => {
    log(locker, 'info');
    metrics(locker);
    spans(locker);
    diagnosticsObserver(locker);
    await fleetJournal(locker, databaseUrl);
  },
};
