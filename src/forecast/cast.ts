import { type JobSettings, scopeIn } from '../jobs/configured.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { Mode } from '../lock/holder.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { Plans } from '../lock/plan/plans.ts';
import { resolveSettings } from '../lock/plan/settings.ts';
import type { LockStore } from '../lock/store.ts';
import { checkTimezone, readCron } from './cron.ts';
import { beginningOf, historiesIn, type JobHistory } from './history.ts';
import { type HourOf, holdsFrom } from './holds.ts';
import type { Job } from './jobs.ts';
import type { ForecastInput } from './options.ts';
import { type LearntRhythm, learnRhythm } from './rhythm.ts';
import { ownZone, zoneBetween } from './zone.ts';

/** What `schedule` says where nobody else does. */
const scheduled: RunOptions = { maxHoldMs: 3_600_000 };

/** A wait shorter than that is the time of a request, not a wait. */
const leastWaitMs = 50;

/** A name that holds this seldom is no job: somebody's run by hand. */
export const fewestStarts = 4;

/**
 * Who plays: the jobs that are described, with what the journal knows of them, and those that only the journal knows.
 * Throws `InvalidOptionError` and `UnknownResourceError`.
 */
export function castOf(input: Omit<ForecastInput, 'plays' | 'seed' | 'onPlay'>): readonly Job[] {
  const { jobs = {}, rules, entries, historyFromMs, historyToMs, toMs } = input;
  const plans = new Plans(resolveSettings({ ...rules, store: neverAsked }));
  // What stands in a journal may be listed no more.
  const lenient = new Plans(resolveSettings({ ...rules, allowUnlisted: true, store: neverAsked }));
  const histories = historiesIn(entries);
  const seenFromMs = Math.max(historyFromMs, beginningOf(entries) ?? historyFromMs);
  const hoursOf = (timezone: string | undefined): HourOf => {
    const zone = zoneBetween(timezone, historyFromMs, Math.max(historyToMs, toMs));
    return (atMs) => Math.floor(zone.shownAt(atMs) / 3_600_000) % 24;
  };
  const described = Object.entries(jobs).map(([name, job]) => fromConfig(name, job, histories.get(name), plans, jobs, hoursOf));
  const zones = [...new Set(['UTC', ...Object.values(jobs).flatMap(({ timezone }) => timezone ?? []), ownZone()])];
  const learnt = [...histories.values()]
    .filter(({ name, asksMs }) => !Object.hasOwn(jobs, name) && asksMs.length >= fewestStarts)
    .flatMap((history) => fromJournal(history, lenient, learnRhythm(history.asksMs, seenFromMs, historyToMs, zones), hoursOf));
  return [...described, ...learnt].sort((a, b) => (a.name < b.name ? -1 : 1));
}

type HoursOf = (timezone: string | undefined) => HourOf;

function fromConfig(name: string, job: JobSettings, history: JobHistory | undefined, plans: Plans, all: object, hoursOf: HoursOf): Job {
  const { cron, timezone, onBusy, retry, instances = 1, after } = job;
  readCron(cron, `jobs.${name}.cron`);
  if (timezone !== undefined) checkTimezone(timezone, `jobs.${name}.timezone`);
  if (after !== undefined && !Object.hasOwn(all, after))
    throw new InvalidOptionError(`jobs.${name}.after`, after, `the name of a job is allowed: ${Object.keys(all).join(', ')}`);
  const { needs, options } = plans.of(scopeIn(job), { ...(onBusy && { onBusy }), ...(retry && { retry }) }, scheduled);
  return {
    name,
    rhythm: { cron, timezone },
    origin: 'config',
    sureness: undefined,
    needs,
    holds: holdsFrom(history?.holds ?? [], hoursOf(timezone)),
    waits: options.onBusy === 'retry',
    maxWaitMs: options.retry.maxWaitMs,
    minHoldMs: options.minHoldMs,
    maxHoldMs: options.maxHoldMs,
    waitsWithinPeriod: true,
    instances,
    after,
  };
}

/** A job that was never seen to hold anything is left out: nobody knows what it needs. */
function fromJournal(history: JobHistory, plans: Plans, { rhythm, sureness, instances }: LearntRhythm, hoursOf: HoursOf): readonly Job[] {
  const { name, modes, waitsMs, skipWaitsMs } = history;
  if (modes.size === 0) return [];
  const { needs, options } = plans.of(scopeOf(modes), undefined, scheduled);
  const waited = [...waitsMs, ...skipWaitsMs].filter((ms) => ms > leastWaitMs);
  const limitMs = skipWaitsMs.length > 0 ? Math.max(...skipWaitsMs) : Math.max(options.retry.maxWaitMs, ...waited);
  return [
    {
      name,
      rhythm,
      origin: 'journal',
      sureness: 'cron' in rhythm ? sureness : undefined,
      needs,
      holds: holdsFrom(history.holds, hoursOf('cron' in rhythm ? rhythm.timezone : 'UTC')),
      waits: waited.length > 0,
      maxWaitMs: limitMs,
      minHoldMs: options.minHoldMs,
      maxHoldMs: Number.POSITIVE_INFINITY,
      waitsWithinPeriod: false,
      instances,
      after: undefined,
    },
  ];
}

function scopeOf(modes: JobHistory['modes']): LockScope {
  const of = (wanted: Mode): readonly string[] => [...modes].flatMap(([resource, mode]) => (mode === wanted ? [resource] : []));
  return { writes: of('write'), appends: of('append'), reads: of('read') };
}

function ask(): Promise<never> {
  return Promise.reject(new Error('a forecast asks no store'));
}

/** Settings name a store; a forecast asks none. */
const neverAsked: LockStore = {
  traits: { name: 'none', ttlGrainMs: 1, mayForget: false, durable: false, pushes: false },
  read: ask,
  create: ask,
  replace: ask,
  remove: ask,
  close: ask,
};
