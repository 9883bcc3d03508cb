/** The programs of docs/jobs.md for queues that keep their jobs in PostgreSQL, each as several instances. The queues are in a package of their own, test/queues. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { until } from '../../src/testing/waiting.ts';
import { codeBlocks } from '../docs/code-blocks.ts';
import { projectFolder } from '../docs/project-folder.ts';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { problemsOf } from './compile.ts';

const play = require.resolve('../queues/play.node.ts');
const pattern = /from '(pg-boss|graphile-worker|agenda)'/;
const blocks = codeBlocks('docs/jobs.md').filter(({ code, file }) => file === 'locker.ts' || pattern.test(code));
/** Agenda's fires come every second here, pg-boss's every minute: it looks back for no longer, and is told below that one is over. */
const sooner: Record<string, (code: string) => string> = {
  'agenda.ts': (code) => code.replace(/'5 (minutes|seconds)'/g, "'1 second'"),
  'pg-boss.ts': (code) => code.replace("'*/5 * * * *'", "'* * * * *'"),
};
const played = Object.fromEntries(blocks.map(({ code, file = '' }) => [file, sooner[file]?.(code) ?? code]));
const lockerModule = `
import { createLocker } from 'giveway';
import { postgresStore } from 'giveway/postgres';
import pg from 'pg';
const connectionString = process.env.DATABASE_URL;
const pool = new pg.Pool({ connectionString });
const tell = (what) => pool.query('insert into told values ($1, $2, clock_timestamp())', [what, process.pid]);
export const locker = createLocker({ store: postgresStore({ connectionString, createTable: true }), closesStore: true });
locker.on('skipped', () => void tell('skipped'));
export const refreshVisits = () => tell('ran');
`;

describeWith('queues', (queues) => {
  describeWith('postgres', (service) => {
    let folder: string;
    let url: string;
    let database: string;
    let client: Client;
    let locker: ResourceLocker;
    let instances: ChildProcess[];
    let stderr: string;

    beforeAll(() => {
      folder = projectFolder(queues.url);
      for (const [file, code] of Object.entries(played)) writeFileSync(join(folder, file), file === 'locker.ts' ? lockerModule : code);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    beforeEach(async () => {
      instances = [];
      stderr = '';
      database = uniqueName('queue');
      await query(service.url, `create database ${database}`);
      const address = new URL(service.url);
      address.pathname = `/${database}`;
      address.search = '';
      url = address.href;
      client = new Client({ connectionString: url });
      await client.connect();
      await client.query('create table told (what text, pid int, at timestamptz)');
      locker = createLocker({ store: postgresStore({ connectionString: url, createTable: true }), closesStore: true, job: 'repair' });
    });
    afterEach(async () => {
      await stopAll();
      await locker.close();
      await client.end();
      await query(service.url, `drop database ${database} with (force)`);
    });

    async function start(file: string, options: object): Promise<void> {
      const args = ['--import', 'tsx', play, file, JSON.stringify(options)];
      const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', DATABASE_URL: url };
      const instance = spawn(process.execPath, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
      instance.stderr.on('data', (said) => (stderr += said));
      instances.push(instance);
      let stdout = '';
      instance.stdout.on('data', (said) => (stdout += said));
      await Promise.race([once(instance, 'exit'), until('started', () => stdout.includes('started'), 40_000)]);
    }
    /** To their end: what is at work is over then, and nothing begins any more. */
    async function stopAll(): Promise<void> {
      const ending = instances.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      await Promise.all(
        ending.map((instance) => {
          instance.stdin?.end();
          return once(instance, 'exit');
        }),
      );
    }
    async function count(sql: string): Promise<number> {
      const { rows } = await client.query<{ count: string }>(`select count(*) from ${sql}`);
      return Number(rows[0]?.count);
    }
    /** Until as many rows are there; a table that is not there yet has none. */
    async function untilThere(least: number, sql: string): Promise<void> {
      const missing = /does not exist/;
      const there = async (): Promise<boolean> => {
        if (instances.some(({ exitCode }) => exitCode !== null)) throw new Error(`an instance has ended: ${stderr}`);
        return (await count(sql).catch((error: Error) => (missing.test(error.message) ? 0 : Promise.reject(error)))) >= least;
      };
      await until(`${least} of ${sql}`, there, 40_000);
    }
    const ran = "told where what = 'ran'";
    const skipped = "told where what = 'skipped'";

    test('docs/jobs.md: what goes with these queues compiles, and names the versions that are tested', () => {
      expect(blocks.map(({ file }) => file)).toEqual(['locker.ts', 'pg-boss.ts', 'graphile-worker.ts', 'agenda.ts']);
      const files = Object.fromEntries(blocks.map(({ code, file = '' }) => [file, code]));
      expect(problemsOf(files, { within: queues.url })).toEqual([]);
      const { dependencies } = JSON.parse(readFileSync(join(queues.url, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      const page = readFileSync(join(__dirname, '../../docs/jobs.md'), 'utf8');
      expect(page).toContain(
        `pg-boss ${dependencies['pg-boss']}, graphile-worker ${dependencies['graphile-worker']}, Agenda ${dependencies.agenda}.`,
      );
    }, 60_000);

    test("pg-boss: two instances run each fire once; one that finds its table busy is put off by pg-boss's retry", async () => {
      const often = { cronMonitorIntervalSeconds: 1, cronWorkerIntervalSeconds: 1, pollingIntervalSeconds: 0.5 };
      await Promise.all(['here', 'there'].map(() => start('pg-boss.ts', { connectionString: url, ...often })));
      // What keeps a fire from a second one is its minute, in a unique index: without it the next may come. One that comes by itself meanwhile is one more.
      const nextFire = () => client.query("update pgboss.job set singleton_on = null where name = '__pgboss__send-it'");
      const jobs = "pgboss.job where name = 'refresh-visits'";
      const fires = "pgboss.job where name = '__pgboss__send-it' and state = 'completed'";
      for (const least of [1, 2, 3]) {
        await untilThere(least, `${jobs} and state = 'completed'`);
        if (least < 3) await nextFire();
      }
      const lock = await locker.lock('visits');
      await nextFire();
      await untilThere(1, `${jobs} and state = 'retry' and output->>'message' = 'visits is held by repair'`);
      await lock.unlock();
      await client.query(`update ${jobs.replace('where', 'set start_after = now() where')} and state = 'retry'`);
      await untilThere(1, `${jobs} and state = 'completed' and retry_count > 0`);
      await stopAll();
      expect([await count(jobs), await count(ran)]).toEqual([await count(fires), await count(`${jobs} and state = 'completed'`)]);
      expect(await count(skipped)).toBeGreaterThan(0);
    }, 60_000);

    test("graphile-worker: of three instances one runs each fire; one that finds its table busy is put off by the worker's retry", async () => {
      const options = { connectionString: url, noHandleSignals: true, pollInterval: 200 };
      await start('graphile-worker.ts', options);
      await untilThere(1, 'graphile_worker._private_known_crontabs');
      // Nobody was there for an hour, so those who come have the last fires to make up for.
      await client.query(
        "update graphile_worker._private_known_crontabs set known_since = now() - interval '1 hour', last_execution = null",
      );
      const lock = await locker.lock('visits');
      await Promise.all(['here', 'there'].map(() => start('graphile-worker.ts', options)));
      const putOff = "graphile_worker._private_jobs where attempts > 0 and last_error like '%visits is held by repair%'";
      await untilThere(3, putOff);
      const held = await client.query(
        "select min(payload->'_cron'->>'ts') as first, count(*)::int as fires from graphile_worker._private_jobs",
      );
      const { first, fires } = held.rows[0];
      expect(await count(ran)).toBe(0);
      await lock.unlock();
      await untilThere(fires, ran);
      await stopAll();
      // Another may have come meanwhile.
      const all = `graphile_worker._private_known_crontabs, generate_series('${first}', last_execution, '5 minutes')`;
      expect((await count(ran)) + (await count('graphile_worker._private_jobs'))).toBe(await count(all));
    }, 60_000);

    test('Agenda: two instances run each fire once; one that finds its table busy is left out', async () => {
      // The first alone, since Agenda's instances fall over one another when they create its table together.
      for (const _ of ['here', 'there']) await start('agenda.ts', { connectionString: url });
      const alone = await count(ran);
      await untilThere(alone + 3, ran);
      const lock = await locker.lock('visits');
      const before = await count(ran);
      await untilThere(1, skipped);
      expect(await count(ran)).toBe(before);
      await lock.unlock();
      await untilThere(before + 1, ran);
      await stopAll();
      const close = "(select at - lag(at) over (order by at) as since from told) as gaps where since < interval '500 ms'";
      expect(await count(close)).toBe(0);
    }, 60_000);
  });
});
