import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadLocker } from '../../src/config/index.ts';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { type ConfiguredJobOptions, schedule } from '../../src/jobs/cron.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { kept, never } from './cron-stage.ts';

let folder: string;
let locker: ResourceLocker;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-jobs-'));
  const jobs = {
    'hourly rollup': { cron: never, timezone: 'Asia/Tokyo', writes: 'visits', reads: ['events'], onBusy: 'retry', retry: { maxWaitMs: 1 } },
  };
  writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: 'memory:', jobs }));
  locker = await loadLocker({ file: join(folder, 'giveway.config.json'), env: {} });
});
afterEach(async () => {
  await locker.close();
  rmSync(folder, { recursive: true });
});

test('schedule takes a job of the config by name: expression, zone, scope, name and what it does when busy', async () => {
  const task = kept(schedule('hourly rollup', (_, lock) => [lock.scope, lock.job], { locker }));
  expect(task.getPattern()).toBe(never);
  expect(task.getNextRuns(1)[0]?.toISOString()).toMatch(/-12-31T15:00:00.000Z$/);
  const scope = { writes: ['visits'], appends: [], reads: ['events'] };
  expect(await task.execute()).toMatchObject({ status: 'ran', value: [scope, 'hourly rollup'] });
  await locker.lock('events');
  const outcome = await task.execute();
  expect(outcome).toMatchObject({ status: 'skipped', resource: 'events' });
  expect(outcome.waitedMs).toBeGreaterThanOrEqual(1);
});

test('what the call says itself comes before the config', async () => {
  const task = kept(schedule('hourly rollup', (_, lock) => lock.job, { locker, job: 'rollup-7', onBusy: 'skip', guarantee: 'both' }));
  expect(await task.execute()).toMatchObject({ status: 'ran', value: 'rollup-7' });
  await locker.lock('events');
  expect(await task.execute()).toMatchObject({ status: 'skipped', waitedMs: expect.any(Number) });
});

test('what the config says is not said again', () => {
  const again = { locker, scope: 'visits' } as ConfiguredJobOptions;
  expect(() => schedule('hourly rollup', () => {}, again)).toThrow(
    'scope: received "visits"; the config says it for the job "hourly rollup"',
  );
  const elsewhere = { locker, timezone: 'UTC' } as ConfiguredJobOptions;
  expect(() => schedule('hourly rollup', () => {}, elsewhere)).toThrow('timezone: received "UTC"; the config says it');
});

test('a name that is no job of the config is refused with the nearest one; expressions stay expressions', () => {
  expect(() => schedule('hourly rolup', () => {}, { locker })).toThrow(
    'expression: received "hourly rolup"; that is no cron expression, and the config has no such job; did you mean "hourly rollup"? Allowed: hourly rollup',
  );
  expect(kept(schedule(never, () => {}, { locker, scope: 'events' })).getPattern()).toBe(never);
  const other = createLocker({ store: memoryStore() });
  expect(() => schedule('hourly rollup', () => {}, { locker: other, scope: 'visits' })).toThrow('expected 5 or 6 fields');
});
