import { afterEach } from '@jest/globals';
import type { ScheduledTask, TaskContext } from 'node-cron';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';

export const everySecond = '* * * * * *';
export const never = '0 0 1 1 *';
export const silent = { info() {}, warn() {}, error() {}, debug() {} };

type TaskEvent = Parameters<ScheduledTask['on']>[0];

const tasks: ScheduledTask[] = [];
afterEach(destroyAll);

/** Destroys every task that was kept. Called after each test. */
export async function destroyAll(): Promise<void> {
  for (const task of tasks.splice(0)) await task.destroy();
}

export function kept<T extends ScheduledTask>(task: T): T {
  tasks.push(task);
  return task;
}

/** Two processes' lockers over one memory. */
export function fleet(options: Partial<LockerOptions> = {}): { here: ResourceLocker; there: ResourceLocker; store: FaultyStore } {
  const backend = memoryStore();
  const store = faultyStore(backend);
  return { here: createLocker({ store, ...options }), there: createLocker({ store: backend.connect(), ...options }), store };
}

export function once(task: ScheduledTask, event: TaskEvent): Promise<TaskContext> {
  return new Promise((resolve) => task.once(event, resolve));
}
