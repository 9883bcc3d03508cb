import { describe, expect, test } from '@jest/globals';
import {
  createJournal,
  holdTimes,
  type Logger,
  logObserver,
  type Meter,
  metricsObserver,
  postgresJournal,
  spanObserver,
} from '../../src/observe/index.ts';

const locker = {
  on: (event: string) => {
    throw new Error(`listened to ${event}`);
  },
  off: () => {},
};
const instrument = () => ({ addCallback: () => {}, record: () => {} });
const meter: Meter = { createObservableCounter: instrument, createObservableUpDownCounter: instrument, createHistogram: instrument };
const tracer = { startSpan: () => ({ setStatus: () => {}, recordException: () => {}, end: () => {} }) };
const pool = { query: async () => ({ rows: [] }) };

type Options = Record<string, unknown>;
const observers = {
  logObserver: ({ logger }: Options) => logObserver(locker, logger as Logger),
  metricsObserver: (options: Options) => metricsObserver(locker, { meter, ...options }),
  spanObserver: (options: Options) => spanObserver(locker, { tracer, ...options }),
  holdTimes: (options: Options) => holdTimes(locker, options),
  createJournal: (options: Options) => createJournal(options),
  postgresJournal: (options: Options) => postgresJournal({ pool, ...options }),
};

describe('an observer that could only fail in silence is refused before it listens', () => {
  test.each<[keyof typeof observers, Options, string, RegExp]>([
    ['logObserver', {}, 'logger', /received undefined; a logger with the methods debug, info, warn and error is allowed/],
    ['logObserver', { logger: { info: () => {} } }, 'logger', /received an object/],
    ['metricsObserver', { meter: undefined }, 'meter', /received undefined; a Meter of @opentelemetry\/api is allowed/],
    ['metricsObserver', { label: {} }, 'label', /did you mean "labels"\?/],
    ['metricsObserver', { labels: { resources: true } }, 'labels.resources', /did you mean "resource"\?/],
    ['metricsObserver', { labels: { job: 'yes' } }, 'labels.job', /true or false/],
    ['metricsObserver', { labels: { maxValues: Number.NaN } }, 'labels.maxValues', /received NaN; a positive integer is allowed/],
    ['metricsObserver', { labels: true }, 'labels', /an object is allowed/],
    ['spanObserver', { tracer: undefined }, 'tracer', /received undefined; a Tracer of @opentelemetry\/api is allowed/],
    ['spanObserver', { minHoldMs: '10' }, 'minHoldMs', /received "10"; a number of milliseconds from 0 up is allowed/],
    ['spanObserver', { minWaitMs: -1 }, 'minWaitMs', /received -1/],
    ['holdTimes', { onLong: 'log' }, 'onLong', /a function is allowed/],
    ['holdTimes', { logger: {} }, 'logger', /a logger with the method warn is allowed/],
    ['createJournal', { limit: 1.5 }, 'limit', /a positive integer is allowed/],
    ['createJournal', { size: 5 }, 'size', /there is no such option/],
    ['postgresJournal', { onError: true }, 'onError', /a function is allowed/],
    ['postgresJournal', { retention: 5 }, 'retention', /did you mean "retentionMs"\?/],
    ['postgresJournal', { flushMs: Number.POSITIVE_INFINITY }, 'flushMs', /a positive integer is allowed/],
  ])('%s %j: %s', (name, wrong, path, message) => {
    expect(() => observers[name](wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_GIVEWAY_INVALID_OPTION', path, message: expect.stringMatching(message) }),
    );
  });
});

describe.each([
  ['in memory', () => createJournal()],
  ['in Postgres', () => postgresJournal({ pool })],
])('a question that would be answered with nothing: a journal %s', (_where, open) => {
  test.each<[Options, string, RegExp]>([
    [{ since: new Date('three') }, 'since', /a Date is allowed/],
    [{ since: '2026-11-22' }, 'since', /a Date is allowed/],
    [{ kind: 'skips' }, 'kind', /received "skips"; 'hold', 'skip', 'wait', .*'fire' or a list of these is allowed/],
    [{ kind: ['hold', 5] }, 'kind', /a list of these is allowed/],
    [{ until: 'four' }, 'until', /a Date is allowed/],
    [{ job: 5 }, 'job', /a string is allowed/],
    [{ outcome: ['busy'] }, 'outcome', /a string is allowed/],
    [{ resource: ['visits'] }, 'resource', /received an array; a string is allowed/],
    [{ limit: Number.NaN }, 'limit', /a positive integer is allowed/],
    [{ from: new Date() }, 'from', /there is no such option/],
  ])('%j is refused', async (wrong, path, message) => {
    await expect(open().entries(wrong)).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_INVALID_OPTION',
      path,
      message: expect.stringMatching(message),
    });
  });
});
