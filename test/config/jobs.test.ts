import { describe, expect, test } from '@jest/globals';
import { resolveConfig } from '../../src/config/resolve.ts';
import { ConfigError } from '../../src/lock/errors.ts';

const base = { store: 'memory:', resources: ['events', 'visits', 'analytics.*'] };
const rollup = { cron: '0 * * * *', writes: 'visits', reads: ['events'] };

function problemsOf(file: object): readonly string[] {
  try {
    resolveConfig('giveway.config.json', { file, envName: undefined, variables: {}, overrides: undefined });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('jobs in a config', () => {
  test('are kept as they are written; a block of an environment has a job of its own in place of the whole', () => {
    const file = { ...base, jobs: { rollup, load: { cron: '@hourly', appends: 'events' } } };
    const environments = { production: { jobs: { rollup: { cron: '5 * * * *', writes: 'visits' } } } };
    const { jobs } = resolveConfig('c', { file: { ...file, environments }, envName: 'production', variables: {}, overrides: undefined });
    expect(jobs).toEqual({ rollup: { cron: '5 * * * *', writes: 'visits' }, load: { cron: '@hourly', appends: 'events' } });
  });

  test.each<[string, object, string]>([
    [
      'an expression that is none',
      { cron: 'hourly' },
      'jobs.rollup.cron: received "hourly"; a cron expression of five or six fields is allowed (this has 1)',
    ],
    [
      'a day that no month has',
      { cron: '0 0 30 2 *' },
      'jobs.rollup.cron: received "0 0 30 2 *"; there is no such day; an expression that fires is allowed',
    ],
    [
      'an hour that no day has',
      { cron: '0 24 * * *' },
      'jobs.rollup.cron: received "0 24 * * *"; a cron expression of five or six fields is allowed ("24" is no hour)',
    ],
    [
      'a time zone that is none',
      { timezone: 'Europe/Pari' },
      'jobs.rollup.timezone: received "Europe/Pari"; the name of a time zone is allowed, such as Europe/Paris or UTC',
    ],
    [
      'a table that nobody listed',
      { writes: 'evnets' },
      'jobs.rollup: "evnets" is not a listed resource; did you mean "events"? List it under `resources`, or set `allowUnlisted: true`.',
    ],
    ['no table at all', { writes: undefined, reads: [] }, 'jobs.rollup: scope: received an object; at least one resource is needed'],
    [
      'a job to come after that is not there',
      { after: 'laod' },
      'jobs.rollup.after: received "laod"; there is no such job; did you mean "load"? Allowed: load',
    ],
    [
      'a job to come after that is nearly itself',
      { after: 'rolup' },
      'jobs.rollup.after: received "rolup"; there is no such job. Allowed: load',
    ],
    ['no expression', { cron: undefined }, 'jobs.rollup.cron: missing; a non-empty string is allowed'],
    ['no instances', { instances: 0 }, 'jobs.rollup.instances: received 0; a whole number from 1 to 1000 is allowed'],
    [
      'more instances than any fleet has',
      { instances: 1_001 },
      'jobs.rollup.instances: received 1001; a whole number from 1 to 1000 is allowed',
    ],
    [
      'a job after itself',
      { after: 'rollup' },
      'jobs.rollup.after: received "rollup"; no job can come after itself: "rollup" after "rollup"',
    ],
    [
      'a field that is none',
      { crom: '' },
      'jobs.rollup.crom: received ""; there is no such field (did you mean "cron"?); allowed: cron, timezone, writes, appends, reads, onBusy, retry, instances, after',
    ],
  ])('%s is refused by name', (_, wrong, message) => {
    const jobs = { rollup: { ...rollup, ...wrong }, load: { cron: '0 1 * * *', appends: 'events' } };
    expect(problemsOf({ ...base, jobs })).toEqual([message]);
  });

  test('beside what is no list of tables, no list of jobs, no job', () => {
    expect(problemsOf({ ...base, resources: null, jobs: { rollup } })).toHaveLength(1);
    for (const jobs of [null, [], { rollup: null }, { rollup: [] }, { rollup: { cron: 3, writes: 'a b\n', after: null } }])
      expect(problemsOf({ ...base, jobs })).not.toEqual([]);
  });

  test('jobs that come after each other, also where a block closes the circle', () => {
    const job = (after?: string): object => ({ cron: '0 1 * * *', writes: 'events', ...(after && { after }) });
    const circle = { a: job('b'), b: job('c'), c: job('a'), d: job('a') };
    expect(problemsOf({ ...base, jobs: circle })).toEqual([
      'jobs.a.after: received "b"; no job can come after itself: "a" after "b" after "c" after "a"',
      'jobs.b.after: received "c"; no job can come after itself: "b" after "c" after "a" after "b"',
      'jobs.c.after: received "a"; no job can come after itself: "c" after "a" after "b" after "c"',
    ]);
    const environments = { production: { jobs: { b: job('a') } } };
    expect(problemsOf({ ...base, jobs: { a: job('b'), b: job() }, environments })).toEqual([
      'environments.production.jobs.b.after: received "a"; no job can come after itself: "b" after "a" after "b"',
    ]);
  });

  test('a job without a name is told by what a name is', () => {
    expect(problemsOf({ ...base, jobs: { '': rollup } })).toEqual(['jobs[""]: received the name ""; a non-empty string is allowed']);
  });

  test('names are read as those of tables are: a tenant, a schema that may be left out, a table of a listed schema by itself not', () => {
    const jobs = (writes: string): object => ({ ...base, jobs: { rollup: { cron: '0 1 * * *', writes } } });
    expect(problemsOf(jobs('public.EVENTS'))).toEqual([]);
    expect(problemsOf(jobs('events/acme'))).toEqual([]);
    expect(problemsOf(jobs('analytics.daily'))).toHaveLength(1);
    expect(problemsOf({ ...jobs('analytics.daily'), allowUnlisted: true })).toEqual([]);
  });
});
