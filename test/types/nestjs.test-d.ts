/** What the types of `giveway/nestjs` say, compiled and not run. A line that should not compile says so. Decorators are called by hand. */

import type { Job } from 'bullmq';
import { createLocker, type Lock } from 'giveway';
import { defineConfig, loadLocker } from 'giveway/config';
import { memoryStore } from 'giveway/memory';
import { type GivewayHealthIndicator, GivewayModule, getLockerToken, InjectLocker, LockedCron, LockedProcess } from 'giveway/nestjs';

const locker = createLocker({ store: memoryStore() });

GivewayModule.forRoot(locker);
GivewayModule.forRoot(locker, { name: 'reports', finishWithinMs: 5_000 });
GivewayModule.forRoot(defineConfig({ store: 'memory:', environments: { test: { store: 'memory:' } } }));
GivewayModule.forRootAsync({ useFactory: () => loadLocker() });
GivewayModule.forRootAsync({
  name: 'reports',
  imports: [],
  inject: ['settings'],
  useFactory: async (settings: { store: string }) => ({ store: settings.store }),
});
// @ts-expect-error options are needed
GivewayModule.forRoot();
// @ts-expect-error a store URL is no config
GivewayModule.forRoot('memory:');
// @ts-expect-error a factory that makes something else
GivewayModule.forRootAsync({ useFactory: () => 1 });

const token: string = getLockerToken('reports');
InjectLocker('reports') satisfies ParameterDecorator & PropertyDecorator;

const health = (indicator: GivewayHealthIndicator): Promise<{ locks: { status: 'up' | 'down'; message?: string } }> =>
  indicator.isHealthy('locks', 'reports');

const method = async (lock: Lock): Promise<number> => lock.remainingMs();
const none = async (): Promise<void> => {};
const cron = LockedCron('0 * * * *', { name: 'rollup', scope: { writes: 'visits' }, guarantee: 'both', onBusy: 'retry', timeZone: 'UTC' });
cron({}, 'rollup', { value: method });
LockedCron('0 * * * *')({}, 'report', { value: none });
LockedCron('0 * * * *', { scope: (planned) => `visits/${planned.getUTCDate()}` });
// @ts-expect-error it is given the lock, and nothing else
cron({}, 'rollup', { value: async (name: string) => name });
// @ts-expect-error a guarantee that does not exist
LockedCron('0 * * * *', { guarantee: 'twice' });
// @ts-expect-error the shutdown is the module's
LockedCron('0 * * * *', { signal: AbortSignal.timeout(1) });

interface Write {
  readonly table: string;
}
const processJob = async (job: Job<Write>, _token?: string, signal?: AbortSignal): Promise<string> => `${job.data.table}${signal?.aborted}`;
const lockedProcess = LockedProcess((job: Job<Write>) => job.data.table, { onBusy: 'retry', locker: 'reports' });
lockedProcess({}, 'process', { value: processJob });
LockedProcess('visits')({}, 'process', { value: processJob });
// @ts-expect-error a method of another job
lockedProcess({}, 'process', { value: async (job: Job<{ id: number }>) => job.data.id });
// @ts-expect-error a job does not wait for its lock, it is put off
LockedProcess('visits', { retry: { maxWaitMs: 1 } });

export { health, token };
