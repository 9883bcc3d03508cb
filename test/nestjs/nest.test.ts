import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { overlaps } from '../jobs/overlaps.ts';
import type { Told, Worker } from '../processes/spawn.ts';
import { needs } from '../support/needs.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { buildGiveway, type NestProject, nestProject } from './project.ts';

let built: { readonly folder: string; remove(): void };
let nest11: NestProject;
let nest12: NestProject | undefined;
beforeAll(() => {
  built = buildGiveway();
  nest11 = nestProject('cjs', built.folder);
  if (needs.nest12.isInstalled()) nest12 = nestProject('esm', built.folder, needs.nest12.npm?.folder);
}, 90_000);
afterAll(() => {
  for (const each of [nest11, nest12, built]) each?.remove();
});

let instances: Worker[] = [];
afterEach(async () => {
  for (const { process } of instances) process.kill('SIGKILL');
  await Promise.all(instances.map(({ ended }) => ended));
  instances = [];
});
function start(project: NestProject | undefined, app: string, env: Record<string, string> = {}): Worker {
  const worker = (project ?? nest11).start(app, env);
  instances.push(worker);
  return worker;
}
const told = (what: string): Told[] => instances.flatMap(({ lines }) => lines.filter((line) => line.what === what));

describe('Nest 11', () => describeNest(() => nest11));
describeWith('nest12', () => describeNest(() => nest12));

function describeNest(project: () => NestProject | undefined): void {
  test('services find their locker, the health indicator its store, and the lockers close with the application', async () => {
    const app = start(project(), 'services');
    await app.told('closed');
    const said = Object.fromEntries(app.lines.map(({ what, at: _, ...line }) => [what, line]));
    expect(said).toMatchObject({
      'by type': { job: 'ByType.refresh' },
      'by option': { held: [false] },
      'by name': { job: 'ByName.refresh' },
      'by property': { jobs: ['ByProperty.refresh', null] },
      'per request': { job: 'PerRequest.refresh' },
      'per use': { job: 'PerUse.refresh' },
      lockers: { isSame: true, others: true },
      healthy: { status: 'ok', details: { locks: { status: 'up', store: 'memory', heldLocks: 0 }, reports: { status: 'up' } } },
      unhealthy: { httpStatus: 503, status: 'error', error: { locks: { status: 'down', message: expect.any(String) } } },
      'no such': { message: expect.stringContaining('did you mean "reports"') },
      'no key': { message: expect.stringContaining('key: received undefined') },
      closed: { codes: ['ERR_GIVEWAY_CLOSED', 'ERR_GIVEWAY_CLOSED'] },
    });
  }, 60_000);

  test('mistakes are refused, by name', async () => {
    const app = start(project(), 'mistakes');
    await app.ended;
    const said = Object.fromEntries(app.lines.map(({ what, name, code, message }) => [what, { name, code, message }]));
    const refused = (name: string, code: string | undefined, message: string): object => ({
      name,
      code,
      message: expect.stringContaining(message),
    });
    const invalid = (message: string): object => refused('InvalidOptionError', 'ERR_GIVEWAY_INVALID_OPTION', message);
    const unknown = (message: string): object => refused('UnknownDependenciesException', undefined, message);
    expect(said).toEqual({
      'a module without forRoot': invalid('GivewayModule.forRoot(locker)'),
      'forRoot without options': invalid('GivewayModule.forRoot: received undefined'),
      'forRootAsync without a factory': invalid('useFactory: received undefined'),
      'a factory of nothing': invalid('useFactory(): received undefined'),
      'a config without a store': refused('ConfigError', 'ERR_GIVEWAY_CONFIG', 'store: missing'),
      'an unknown option': invalid('nam: received "x"'),
      'two lockers of one name': invalid('name: received "a"; another GivewayModule'),
      'a cron without the module': unknown('the locker of GivewayModule.forRoot()'),
      'a cron without a scheduler': refused('GivewayError', 'ERR_GIVEWAY_NO_SCHEDULER', '@LockedCron on Crons.report() never fires'),
      'two crons of one name': invalid(
        'name: received "ETL"; @LockedCron on Hourly.load() ("0 * * * *") and @LockedCron on Daily.load() ("0 0 * * *") would take fires',
      ),
      'a name that no locker has': unknown('the locker "reports" of GivewayModule.forRoot()'),
      '@Locked without the module': refused('GivewayError', 'ERR_GIVEWAY_NO_LOCKER', 'import GivewayModule'),
      'a bad guarantee': invalid('guarantee: received "twice"'),
      'a standard decorator': refused('GivewayError', 'ERR_GIVEWAY_DECORATORS', '`experimentalDecorators`'),
      'a cron on a property': invalid('@LockedCron: received "report"; it goes on methods only'),
      'a cron in what is made for a request': invalid('@LockedCron: received "PerRequest.report()"; it never fires'),
      'a cron in what injects such a one': invalid('@LockedCron: received "Above.report()"; it never fires'),
      'a cron in what is made for each use': invalid('@LockedCron: received "PerUse.report()"; it never fires'),
      'a process in what is made for each use': invalid('@LockedProcess: received "JobPerUse.process()"; in a class'),
      'a cron on a table that is not listed': refused('UnknownResourceError', 'ERR_GIVEWAY_UNKNOWN_RESOURCE', '"visist"'),
      'a job on a table that is not listed': refused('UnknownResourceError', 'ERR_GIVEWAY_UNKNOWN_RESOURCE', '"evnts"'),
      'options of forRoot that are none': invalid('options: received 7'),
      'options of a cron that are none': invalid('options: received null'),
      'options of a process that are none': invalid('options: received null'),
      'a name that takes no fires': { name: 'none' },
    });
  }, 60_000);
}

/** Of each version one instance, where both are here. */
describeWith('memcached', (locks) => {
  const place = (): Record<string, string> => ({ MEMCACHED: `memcached://${locks.url}`, NAMESPACE: uniqueName() });

  test('two instances of a Nest application, 20 fires: each runs once; SIGTERM in the middle of a job lets it end', async () => {
    const long = [nest11, nest12].map((project) => start(project, 'long-job', place()));
    const fleet = place();
    await Promise.all([nest11, nest12].map((project) => start(project, 'cron', fleet).told('ready')));
    const first = Math.floor(Date.now() / 1_000) + 2;
    const fires = Array.from({ length: 20 }, (_, index) => first + index);
    // By the moment for which a fire was planned: on a busy machine it comes later.
    const runsOf = (name: string, outcome: string): number[] =>
      fires.map(
        (second) => told('fire').filter((line) => line['name'] === name && line['outcome'] === outcome && line['second'] === second).length,
      );

    for (const instance of long) {
      await instance.told('began');
      instance.process.kill('SIGTERM');
      expect(await instance.ended).toBe('SIGTERM');
      const steps = instance.lines.filter(({ what }) => what !== 'ready');
      // Of each fire that began, also of one before the signal.
      const whole = Array.from({ length: steps.length / 2 }, () => [{ what: 'began' }, { what: 'finished', isAborted: false }]);
      expect(steps).toMatchObject(whole.flat());
      expect(steps.length).toBeGreaterThan(0);
    }

    await until(() => told('plain').filter((line) => (line['second'] as number) > first + 20).length === 2);
    for (const outcome of ['taken', 'elsewhere']) expect(runsOf('rollup', outcome)).toEqual(fires.map(() => 1));
    for (const outcome of ['began', 'elsewhere']) expect(runsOf('Jobs.report', outcome)).toEqual(fires.map(() => 1));
    expect(told('plain').length).toBeGreaterThanOrEqual(40);
    expect(told('rollup').length).toBeLessThan(30);
    expect(told('rollup').every(({ isProtected, job }) => isProtected === true && job === 'rollup')).toBe(true);
    expect(told('report')[0]).toMatchObject({ job: 'Jobs.report' });
    // Mutual exclusion alone lets each instance run a fire in turn.
    expect(told('alone').length).toBeGreaterThan(20);
  }, 90_000);

  test('a fire that comes while Nest registers its job is run', async () => {
    await start(nest11, 'late-start', place()).told('ran');
  });

  describeWith('redis', (queues) => {
    let queue: Queue;
    const prefix = uniqueName('q');
    beforeAll(() => {
      const { hostname: host, port } = new URL(queues.url);
      queue = new Queue('writes', { connection: { host, port: Number(port) }, prefix });
    });
    afterAll(async () => {
      await queue.obliterate({ force: true });
      await queue.close();
    });

    test('jobs of a Nest worker: a busy one is put off; SIGTERM in the middle of a job loses none and fails none', async () => {
      const env = { ...place(), REDIS: queues.url, PREFIX: prefix };
      // Nest ends modules in the order of their imports: the lockers are to close last wherever they stand.
      const workers = [start(nest11, 'worker', { ...env, ORDER: 'queues first' }), start(nest12, 'worker', env)];
      await Promise.all(workers.map((worker) => worker.told('ready')));
      const tables = ['events', 'visits'];
      await queue.addBulk(Array.from({ length: 20 }, (_, i) => ({ name: 'write', data: { table: tables[i % 2], workMs: 200 } })));
      for (const worker of workers) {
        await nextJobOf(worker);
        worker.process.kill('SIGTERM');
        expect(await worker.ended).toBe('SIGTERM');
      }
      expect(await queue.getJobCountByTypes('active', 'failed')).toBe(0);
      start(nest12, 'worker', env);
      await until(async () => (await queue.getJobCountByTypes('completed', 'failed')) === 20);
      expect(await queue.getFailedCount()).toBe(0);
      expect(new Set(told('ran').map(({ id }) => id)).size).toBe(20);
      expect(told('ran')).toHaveLength(20);
      expect(told('began')).toHaveLength(20);
      expect(told('ran').filter(({ attemptsMade, isAborted }) => attemptsMade !== 0 || isAborted !== false)).toEqual([]);
      for (const table of tables) expect(overlaps(told('ran').filter((run) => run['table'] === table))).toEqual([]);
    }, 60_000);

    test('a worker whose host is made anew for each job takes no more jobs after SIGTERM', async () => {
      await queue.obliterate({ force: true });
      const worker = start(nest11, 'worker', { ...place(), REDIS: queues.url, PREFIX: prefix, MADE: 'per job', ORDER: 'queues first' });
      await worker.told('ready');
      const jobs = Array.from({ length: 60 }, (_, i) => ({ name: 'write', data: { table: `t${i}`, workMs: 100 + 70 * (i % 3) } }));
      await queue.addBulk(jobs);
      await nextJobOf(worker);
      worker.process.kill('SIGTERM');
      expect(await worker.ended).toBe('SIGTERM');
      expect(told('ran').length).toBe(told('began').length);
      expect(await queue.getJobCounts('active', 'failed', 'delayed')).toEqual({ active: 0, failed: 0, delayed: 0 });
      expect(await queue.getCompletedCount()).toBeLessThan(20);
    }, 60_000);
  });
});

/** Resolves when the worker has just begun a job. */
async function nextJobOf({ lines }: Worker): Promise<void> {
  const begun = (): number => lines.filter(({ what }) => what === 'began').length;
  const before = begun();
  await until(() => begun() > before);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
