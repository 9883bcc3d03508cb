/** One name, two jobs: whichever way each is defined, and whichever comes first. */
import 'reflect-metadata';
import { afterEach, expect, test } from '@jest/globals';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { schedule } from '../../src/jobs/cron.ts';
import { oncePerFire } from '../../src/jobs/index.ts';
import { GivewayModule, LockedCron } from '../../src/nestjs/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { kept, never } from '../jobs/cron-stage.ts';

class Jobs {
  load(): void {}
}
LockedCron(never, { name: 'etl', scope: 'events' })(
  Jobs.prototype,
  'load',
  Object.getOwnPropertyDescriptor(Jobs.prototype, 'load') as TypedPropertyDescriptor<() => void>,
);
Injectable()(Jobs);

let opened: INestApplicationContext[] = [];
afterEach(async () => {
  for (const app of opened) await app.close();
  opened = [];
});

async function open(locker: ResourceLocker): Promise<INestApplicationContext> {
  class App {}
  Module({ imports: [GivewayModule.forRoot(locker), ScheduleModule.forRoot()], providers: [Jobs] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  opened.push(app);
  return app;
}
const newLocker = (): ResourceLocker => createLocker({ store: memoryStore() });
const both = (locker: ResourceLocker) => ({ locker, name: ' ETL', scope: 'visits', guarantee: 'both' }) as const;
const onMethod = `@LockedCron on Jobs.load() ("${never}")`;
const refusal = (message: string): unknown =>
  expect.objectContaining({ code: 'ERR_GIVEWAY_INVALID_OPTION', path: 'name', message: expect.stringContaining(message) });

test('a schedule of giveway/cron after the application has started is refused, and is free when it has ended', async () => {
  const locker = newLocker();
  const app = await open(locker);
  expect(() => kept(schedule(never, () => {}, both(locker)))).toThrow(refusal(`${onMethod} and schedule("${never}") would take fires`));
  expect(() => oncePerFire(locker, { name: 'etl', every: 60_000 }, () => {})).toThrow(refusal(`${onMethod} and oncePerFire("etl")`));
  kept(schedule(never, () => {}, both(newLocker())));
  kept(schedule(never, () => {}, { ...both(locker), guarantee: 'no-overlap' }));
  await app.close();
  kept(schedule(never, () => {}, both(locker)));
});

test('an application that starts after such a schedule is refused, and what it had taken is free again', async () => {
  const locker = newLocker();
  const task = kept(schedule(never, () => {}, both(locker)));
  await expect(open(locker)).rejects.toEqual(refusal(`schedule("${never}") and ${onMethod} would take fires`));
  await task.destroy();
  await open(locker);
});

test('two applications with one class are one job: each fire belongs to one of them', async () => {
  const locker = newLocker();
  const apps = [await open(locker), await open(locker)];
  expect(apps).toHaveLength(2);
});
