/** ShedLock itself, from Maven Central, in JVMs beside giveway: they exclude each other with nothing changed on its side. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createLocker, type LockLostError, type LockStore, type ResourceLocker } from '../../../src/index.ts';
import { type ShedlockTableOptions, shedlockRedis, shedlockTable } from '../../../src/stores/shedlock/index.ts';
import { freshName, shedlockDdl } from '../../stores/shedlock/stage.ts';
import { temporaryDirectory } from '../../support/server-process.ts';
import { query } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { startHolder } from '../holder.ts';
import { buildJavaWorker, startJava, startNode, type Worker } from './workers.ts';

/** Of ShedLock's own locks that are to expire. */
const shortMs = 1_500;
/** Mixed turns of two JVMs and two Node processes. At length: SHEDLOCK_TURNS=2000. */
const mixedTurns = Number(process.env.SHEDLOCK_TURNS ?? 400);
const buildMs = 240_000;
const turnsMs = 60_000 + 100 * mixedTurns;

const workers: Worker[] = [];
const jvms = new Map<string, Promise<Worker>>();
const lockers: ResourceLocker[] = [];
let classpath = '';

/** A JVM takes seconds to start: one for all tests that do not kill it. */
function java(args: readonly string[], timeZone?: string): Promise<Worker> {
  const jvm = jvms.get(args.join()) ?? newJava(args, timeZone);
  jvms.set(args.join(), jvm);
  return jvm;
}

async function newJava(args: readonly string[], timeZone?: string): Promise<Worker> {
  const worker = await startJava(classpath, args, timeZone);
  workers.push(worker);
  // The first statement loads half of Spring.
  const name = freshName('warm-up');
  await worker.ask('lock', name, 60_000, 0);
  await worker.ask('unlock', name);
  return worker;
}

function lockerOn(store: LockStore): ResourceLocker {
  const locker = createLocker({ store, host: 'node-1', onStoreDown: 'throw', ttlMs: 2_000, closesStore: true });
  lockers.push(locker);
  return locker;
}

afterEach(async () => {
  for (const locker of lockers.splice(0)) await locker.close();
});
afterAll(async () => {
  for (const worker of workers) await worker.end();
});

/** `javaArgs` and `nodeArgs` begin a worker each. */
async function expectNoOverlaps(javaArgs: readonly string[], nodeArgs: readonly string[]): Promise<void> {
  const [name, marker] = [freshName(), `${temporaryDirectory('turns')}/held`];
  const all = await Promise.all([startJava(classpath, javaArgs), startJava(classpath, javaArgs), startNode(nodeArgs), startNode(nodeArgs)]);
  workers.push(...all);
  const said = await Promise.all(all.map((worker) => worker.ask('turns', name, mixedTurns / 4, marker)));
  expect(said).toEqual(all.map(() => expect.stringMatching(/^overlaps 0\b/)));
  expect(existsSync(marker)).toBe(false);
  if (process.env.SHEDLOCK_TURNS !== undefined) console.log(said.join('\n'));
}

describeWith('maven', (maven) => {
  beforeAll(async () => {
    classpath = await buildJavaWorker(maven.url);
  }, buildMs);

  describeWith('postgres', (service) => {
    let pool: Pool;
    beforeAll(async () => {
      await query(service.url, shedlockDdl);
      pool = new Pool({ connectionString: service.url, max: 4 });
    });
    afterAll(() => pool.end());

    /** The same schema, as JDBC is told it. */
    const jdbcUrl = (): string => {
      const { hostname, port, pathname, username, password } = new URL(service.url);
      return `jdbc:postgresql://${hostname}:${port}${pathname}?user=${username}&password=${password}&currentSchema=${service.prefix}`;
    };
    const onTable = (usingDbTime: ShedlockTableOptions['usingDbTime'] = true): ResourceLocker =>
      lockerOn(shedlockTable({ pool, usingDbTime }));
    const rowOf = async (name: string): Promise<Record<string, unknown>> => {
      const { rows } = await pool.query(
        `select locked_by, lock_until, lock_until <= timezone('utc', clock_timestamp()) as free from shedlock where name = $1`,
        [name],
      );
      return rows[0];
    };

    test('they exclude each other, and each takes the row that the other left', async () => {
      const [name, shedlock, locker] = [freshName('Customer:42'), await java(['jdbc', jdbcUrl(), 'db']), onTable()];
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('locked');
      expect(await locker.tryLock(name)).toBeUndefined();
      const [holder] = await locker.inspect(name);
      expect(holder).toMatchObject({ resource: name, mode: 'write', state: 'holding', host: (await rowOf(name)).locked_by });
      expect(Math.abs((holder?.latestEnd?.getTime() ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
      expect(Math.abs((holder?.since.getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
      expect(await shedlock.ask('unlock', name)).toBe('unlocked');

      const lock = await locker.lock(name);
      expect(await rowOf(name)).toMatchObject({ locked_by: expect.stringMatching(/^giveway:[0-9a-f-]{36}@node-1$/), free: false });
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('busy');
      expect(await lock.unlock()).toBe(true);
      expect((await rowOf(name)).free).toBe(true);
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('locked');
    }, 60_000);

    test('a shortest hold of either is kept by the other', async () => {
      const [name, shedlock, locker] = [freshName(), await java(['jdbc', jdbcUrl(), 'db']), onTable()];
      await (await locker.lock(name, { minHoldMs: shortMs })).unlock();
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('busy');
      await sleep(shortMs);
      expect(await shedlock.ask('lock', name, 60_000, shortMs)).toBe('locked');
      await shedlock.ask('unlock', name);
      expect(await locker.tryLock(name)).toBeUndefined();
      await sleep(shortMs);
      await using lock = await locker.lock(name);
      expect(lock.isProtected).toBe(true);
    }, 60_000);

    test.each([
      ['unlock', 'unlocked'],
      ['extend', 'refused'],
    ])(
      'a late %s of ShedLock leaves ours untouched',
      async (word, answer) => {
        const [name, shedlock, locker] = [freshName(), await java(['jdbc', jdbcUrl(), 'db']), onTable()];
        expect(await shedlock.ask('lock', name, shortMs, 0)).toBe('locked');
        const lock = await locker.lock(name);
        expect(await shedlock.ask(word, name, 60_000)).toBe(answer);
        expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('busy');
        expect(await lock.extend()).toBe(true);
        expect(await lock.unlock()).toBe(true);
      },
      60_000,
    );

    test('a killed JVM is succeeded after its lockAtMostFor, a killed holder of ours after its TTL', async () => {
      const [name, shedlock, locker] = [freshName(), await newJava(['jdbc', jdbcUrl(), 'db']), onTable()];
      expect(await shedlock.ask('lock', name, shortMs, 0)).toBe('locked');
      shedlock.process.kill('SIGKILL');
      const lock = await locker.lock(name, { ttlMs: 1_000, heartbeat: false });
      const other = await java(['jdbc', jdbcUrl(), 'db']);
      // Ours counts from before its request, the row from when that came to the server.
      while ((await other.ask('lock', name, 60_000, 0)) === 'busy') await sleep(20);
      expect(lock.signal.aborted).toBe(true);
      expect(await lock.unlock()).toBe(false);
      expect(await other.ask('extend', name, 60_000)).toBe('extended');
    }, 60_000);

    test.each(['SIGKILL', 'SIGSTOP'] as const)(
      'a process of ours that gets %s is succeeded when its row has ended, and not before',
      async (signal) => {
        const [name, shedlock] = [freshName(), await java(['jdbc', jdbcUrl(), 'db'])];
        const holder = await startHolder('jdbc', service.url);
        workers.push(holder);
        expect(await holder.ask('hold', name, 2_000)).toBe('lost false');
        expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('busy');
        holder.process.kill(signal);
        if (signal === 'SIGKILL') await once(holder.process, 'exit');
        // A renewal may have been on its way.
        const end = async (): Promise<string> =>
          (await pool.query(`select lock_until::text as "end" from shedlock where name = $1 and locked_by like 'giveway:%'`, [name]))
            .rows[0]?.end;
        let lastEnd = await end();
        while ((await shedlock.ask('lock', name, 60_000, 0)) === 'busy') lastEnd = (await end()) ?? lastEnd;
        const { rows } = await pool.query(`select locked_at >= $2::timestamp as after from shedlock where name = $1`, [name, lastEnd]);
        expect(rows).toEqual([{ after: true }]);
        if (signal === 'SIGKILL') return;
        holder.process.kill('SIGCONT');
        expect(await holder.ask('lost')).toBe('lost true');
        expect(await holder.ask('unlock')).toBe('false');
        expect(await shedlock.ask('extend', name, 60_000)).toBe('extended');
      },
      60_000,
    );

    test('a JVM in New York without usingDbTime(): refused, or right', async () => {
      const [name, shedlock] = [freshName(), await java(['jdbc', jdbcUrl(), 'jvm'], 'America/New_York')];
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('locked');
      // What the row says by the clock of UTC: free. So who does not say which clock it is gets no store.
      expect((await rowOf(name)).free).toBe(true);
      expect(() => shedlockTable({ pool } as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path: 'usingDbTime' }));
      const locker = onTable({ timeZone: 'America/New_York' });
      expect(await locker.tryLock(name)).toBeUndefined();
      expect(Math.abs(((await locker.inspect(name))[0]?.since.getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
      await shedlock.ask('unlock', name);
      await using lock = await locker.lock(name);
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('busy');
      expect(await lock.unlock()).toBe(true);
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('locked');
    }, 60_000);

    test(`${mixedTurns} mixed turns: nobody overlaps`, () => expectNoOverlaps(['jdbc', jdbcUrl(), 'db'], ['jdbc', service.url]), turnsMs);
  });

  describeWith('redis', (service) => {
    let client: Redis;
    beforeAll(() => {
      client = new Redis(service.url);
    });
    afterAll(() => client.disconnect());

    const args = (update: 'safe' | 'unsafe'): string[] => ['redis', new URL(service.url).port, service.prefix, update];
    const onRedis = (): ResourceLocker => lockerOn(shedlockRedis({ client, environment: service.prefix }));
    const textOf = (name: string): Promise<string | null> => client.get(`job-lock:${service.prefix}:${name}`);

    test('they exclude each other, and each reads the other', async () => {
      const [name, shedlock, locker] = [freshName('Customer:42'), await java(args('safe')), onRedis()];
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('locked');
      expect(await locker.tryLock(name)).toBeUndefined();
      const [, host = '?'] = /^ADDED:.*@(.*):/.exec((await textOf(name)) ?? '') ?? [];
      const [holder] = await locker.inspect(name);
      expect(holder).toMatchObject({ resource: name, mode: 'write', state: 'holding', host });
      expect(Math.abs((holder?.since.getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
      await shedlock.ask('unlock', name);

      const lock = await locker.lock(name);
      expect(await textOf(name)).toMatch(/^ADDED:\d{4}-\d\d-\d\dT[\d:.]+Z@node-1:[0-9a-f-]{36}$/);
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('busy');
      expect(await lock.extend()).toBe(true);
      expect(await lock.unlock()).toBe(true);
      expect(await textOf(name)).toBeNull();
      expect(await shedlock.ask('lock', name, 60_000, 0)).toBe('locked');
    }, 60_000);

    test.each([
      ['unlock', 'unlocked'],
      ['extend', 'refused'],
    ])(
      'with safeUpdate(true), a late %s of ShedLock leaves ours untouched',
      async (word, answer) => {
        const [name, shedlock, locker] = [freshName(), await java(args('safe')), onRedis()];
        expect(await shedlock.ask('lock', name, shortMs, 0)).toBe('locked');
        const lock = await locker.lock(name);
        expect(await shedlock.ask(word, name, 60_000)).toBe(answer);
        expect(await lock.extend()).toBe(true);
        expect(await lock.unlock()).toBe(true);
      },
      60_000,
    );

    test.each([
      ['unlock', 'vanished'],
      ['extend', 'stolen'],
    ])(
      'with its default, a late %s of ShedLock takes ours away, and our signal says so: %s',
      async (word, reason) => {
        const [name, shedlock, locker] = [freshName(), await java(args('unsafe')), onRedis()];
        expect(await shedlock.ask('lock', name, shortMs, 0)).toBe('locked');
        const lock = await locker.lock(name);
        await shedlock.ask(word, name, 60_000);
        const lost = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
        await lost;
        expect((lock.signal.reason as LockLostError).reason).toBe(reason);
        expect(await lock.unlock()).toBe(false);
      },
      60_000,
    );

    test(`${mixedTurns} mixed turns: nobody overlaps`, () => expectNoOverlaps(args('safe'), args('safe').slice(0, 3)), turnsMs);
  });
});
