import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type Example, startExample } from './run-example.ts';

let example: Example | undefined;

afterEach(async () => {
  example?.process.kill('SIGKILL');
  await example?.ended;
});

function start(file: string, env: Record<string, string>): Example {
  example = startExample(file, env);
  return example;
}

async function output(file: string, env: Record<string, string>): Promise<string> {
  const { ended, lines } = start(file, env);
  expect(await ended).toBe(0);
  return lines.join('\n');
}

// The examples use the default namespace, so they get a server of their own.
describeWith('memcached', () => {
  let server: ProcessServer;
  const env = async (): Promise<Record<string, string>> => {
    server = await memcachedServer();
    return { MEMCACHED_SERVERS: server.url };
  };
  afterEach(() => server.stop());

  test('cron-job', async () => {
    const text = await output('cron-job.ts', await env());
    expect(text).toMatch(/refresh-visits: skipped, visits is held by backfill on \S+ \(pid \d+\) since /);
    expect(text).toMatch(/refresh-visits: refreshes visits for /);
    expect(text).toMatch(/fires: \{"ran":\d+,"failed":0,"skipped":[1-9]/);
  });

  test('decorated-service', async () => {
    const lines = (await output('decorated-service.ts', await env())).split('\n');
    expect(lines).toEqual([
      'compact: skipped, somebody writes visits',
      'visits of 2026-11-21 are fresh',
      'recounted acme',
      'recounted initech',
      expect.stringMatching(/^gave way: "visits\/acme" is busy.*: held by VisitsService.recount on \S+ \(pid \d+, write, since /),
    ]);
  });

  test('per-tenant', async () => {
    const lines = (await output('per-tenant.ts', await env())).split('\n');
    expect(lines).toEqual([
      'imported 3 orders of acme',
      'imported 5 orders of initech',
      expect.stringMatching(/^skipped: orders\/acme is held by import-orders on \S+ \(pid \d+\)$/),
    ]);
  });

  describe('graceful-shutdown', () => {
    test('a signal: the work is told, the lock is released, the process ends by itself', async () => {
      const { process, printed, ended, lines } = start('graceful-shutdown.ts', await env());
      await printed('loads batches');
      const locker = createLocker({ store: memcachedStore({ servers: server.url }), closesStore: true });
      expect(await locker.tryLock('events')).toBeUndefined();
      process.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(lines.slice(1)).toEqual([
        'SIGTERM: closes',
        expect.stringContaining('stops between two batches: Lost the lock on "events"'),
        'closed; every lock is released',
      ]);
      expect(await locker.tryLock('events')).toBeDefined();
      await locker.close();
    });

    test('a second signal exits at once, even if the store does not answer the release', async () => {
      const { process, printed, ended, lines } = start('graceful-shutdown.ts', await env());
      await printed('loads batches');
      server.pause();
      process.kill('SIGTERM');
      await printed('SIGTERM: closes');
      process.kill('SIGTERM');
      expect(await ended).toBe(1);
      expect(lines).not.toContain('closed; every lock is released');
      server.resume();
    });
  });
});

describeWith('redis', (service) => {
  const env = (): Record<string, string> => ({ REDIS_URL: service.url, QUEUE_PREFIX: uniqueName('q') });

  test('bullmq-worker', async () => {
    const lines = (await output('bullmq-worker.ts', env())).split('\n');
    expect(lines).toEqual([
      'events: wrote events',
      'visits: delayed, while backfill holds it',
      expect.stringMatching(/^nightly: \{"status":"skipped","reason":"busy","resource":"visits","holders":\[\{.*"job":"backfill"/),
      'visits: wrote visits, attempts counted before: 0',
    ]);
  });

  test('hand-over', async () => {
    const lines = (await output('hand-over.ts', env())).split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^handed over to job \d+; held here: 0$/),
      expect.stringMatching(/^restored as rebuild-visits, held since /),
      'somebody else: skipped, visits is held by rebuild-visits',
      'the fire: rebuilt',
      'visits is free',
    ]);
  });
});
