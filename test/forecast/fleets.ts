/** Three fleets as people have them: everything on the hour, a night of batches, and loaders beside what reads their tables. */
import type { Random } from '../../src/forecast/random.ts';
import type { TrueJob } from './play-truth.ts';

const second = 1_000;
const minute = 60 * second;

/** Mostly about `ms`, now and then up to three times that: work on a warehouse has no other shape. */
const about =
  (ms: number): TrueJob['workMs'] =>
  (random) =>
    Math.round(ms * Math.exp(0.35 * normal(random)));

/** Slower while people are at work. */
const slowByDay =
  (ms: number): TrueJob['workMs'] =>
  (random, atMs) =>
    about(ms * (new Date(atMs).getUTCHours() >= 8 && new Date(atMs).getUTCHours() < 18 ? 1.6 : 1))(random, atMs);

/** Bounded, so that no hold is longer than anybody would have planned for. */
function normal(random: Random): number {
  const value = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(-2.5, Math.min(2.5, value));
}

const utc = { timezone: 'UTC' } as const;

/** Nobody thought of the minute. */
const onTheHour: Readonly<Record<string, TrueJob>> = {
  'load events': { ...utc, cron: '0 * * * *', writes: 'events', workMs: slowByDay(2 * minute) },
  'load visits': { ...utc, cron: '0 * * * *', writes: 'visits', workMs: about(90 * second) },
  sessions: { ...utc, cron: '0 * * * *', writes: 'sessions', reads: ['events', 'visits'], workMs: about(3 * minute) },
  rollup: { ...utc, cron: '0 * * * *', writes: 'daily', reads: 'events', workMs: about(2 * minute) },
  funnels: { ...utc, cron: '0 */2 * * *', writes: 'funnels', reads: ['events', 'sessions'], workMs: slowByDay(4 * minute) },
  billing: { ...utc, cron: '0 */6 * * *', writes: 'invoices', reads: 'visits', workMs: about(3 * minute) },
  dedupe: { ...utc, cron: '30 * * * *', writes: 'events', workMs: about(2 * minute) },
  retention: { ...utc, cron: '30 3 * * *', writes: ['events', 'visits'], workMs: about(5 * minute) },
  export: { ...utc, cron: '30 */3 * * *', writes: 'exports', reads: 'events', workMs: about(minute) },
};

/** Batches of the night, some of which must follow others; two wait for their turn. */
const atNight: Readonly<Record<string, TrueJob>> = {
  'load orders': { ...utc, cron: '0 1 * * *', writes: 'orders', workMs: about(6 * minute) },
  'load stock': { ...utc, cron: '0 1 * * *', writes: 'stock', workMs: about(4 * minute) },
  margins: { ...utc, cron: '5 1 * * *', writes: 'margins', reads: ['orders', 'stock'], after: 'load orders', workMs: about(5 * minute) },
  customers: { ...utc, cron: '0 1 * * *', writes: 'customers', reads: 'orders', workMs: about(5 * minute) },
  churn: { ...utc, cron: '0 2 * * *', writes: 'churn', reads: 'customers', after: 'customers', workMs: about(8 * minute) },
  segments: { ...utc, cron: '0 2 * * *', writes: 'customers', workMs: about(6 * minute) },
  'hourly orders': { ...utc, cron: '0 * * * *', writes: 'orders', workMs: about(2 * minute) },
  stocktake: { ...utc, cron: '0,20,40 * * * *', writes: 'stock', workMs: about(100 * second) },
  reorder: {
    ...utc,
    cron: '0,30 * * * *',
    writes: 'purchases',
    reads: 'stock',
    onBusy: 'retry',
    retry: { maxWaitMs: 30 * second },
    workMs: about(80 * second),
  },
  dashboard: { ...utc, cron: '*/20 * * * *', writes: 'tiles', reads: ['orders', 'stock'], workMs: about(70 * second) },
  vacuum: { ...utc, cron: '0 4 * * 0', writes: ['orders', 'stock', 'customers'], workMs: about(9 * minute) },
};

/** Loaders that go together, and whoever needs their table for itself. */
const loaders: Readonly<Record<string, TrueJob>> = {
  'load web': { ...utc, cron: '*/15 * * * *', appends: 'hits', workMs: about(70 * second) },
  'load app': { ...utc, cron: '*/15 * * * *', appends: 'hits', workMs: about(80 * second) },
  'load tv': { ...utc, cron: '*/15 * * * *', appends: ['hits', 'views'], workMs: about(60 * second) },
  'load mail': { ...utc, cron: '0 * * * *', appends: 'hits', instances: 2, workMs: about(50 * second) },
  compact: { ...utc, cron: '0 * * * *', writes: 'hits', workMs: about(2 * minute) },
  attribute: { ...utc, cron: '15,45 * * * *', writes: 'touches', reads: 'hits', workMs: about(100 * second) },
  ratings: { ...utc, cron: '*/30 * * * *', writes: 'ratings', reads: 'views', workMs: about(80 * second) },
  spend: { ...utc, cron: '0 */4 * * *', writes: 'spend', reads: 'touches', workMs: about(3 * minute) },
  bids: { ...utc, cron: '20,50 * * * *', writes: 'bids', reads: ['spend', 'touches'], workMs: about(minute) },
  archive: { ...utc, cron: '0 2 * * *', writes: 'views', onBusy: 'retry', retry: { maxWaitMs: 40 * second }, workMs: about(150 * second) },
};

export const fleets: Readonly<Record<string, Readonly<Record<string, TrueJob>>>> = {
  'on the hour': onTheHour,
  'at night': atNight,
  loaders,
};
