import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLocker, type LockStore } from '../../../src/index.ts';
import { sqliteStore } from '../../../src/stores/sqlite/index.ts';
import { startWorker, type Worker } from '../../processes/spawn.ts';
import { temporaryDirectory } from '../../support/server-process.ts';
import { timed } from '../../support/stopwatch.ts';

/** Of the workers' locks. */
const ttlMs = 1_000;
let folder: string;
let file: string;
let store: LockStore;
let workers: Worker[];

beforeEach(() => {
  folder = temporaryDirectory('sqlite');
  file = join(folder, 'locks.db');
  store = sqliteStore({ file, timeoutMs: 10_000 });
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) worker.process.kill('SIGKILL');
  await Promise.all(workers.map(({ ended }) => ended));
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]): Worker {
  const worker = startWorker('../stores/sqlite/file.worker.ts', args, { LOCK_FILE: file });
  workers.push(worker);
  return worker;
}

async function kill(worker: Worker): Promise<void> {
  worker.process.kill('SIGKILL');
  await worker.ended;
}

test('kill -9 of a holder: its lock is free within its TTL, and not before the TTL that it renewed last', async () => {
  const locker = createLocker({ store, onStoreDown: 'throw' });
  const holder = start('hold');
  await holder.told('held');
  await sleep(ttlMs * 1.5); // it lives by its heartbeats
  expect(await locker.tryLock('events')).toBeUndefined();
  await kill(holder);
  const { value, awakeMs } = await timed(locker.lock('events'));
  expect(awakeMs).toBeLessThan(ttlMs + 500);
  expect(value?.isProtected).toBe(true);
  await locker.close();
});

test('four processes that count in one file under a lock lose no count', async () => {
  const counter = join(folder, 'counter');
  writeFileSync(counter, '0');
  const counting = Array.from({ length: 4 }, () => start('count', counter));
  expect(await Promise.all(counting.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  expect(readFileSync(counter, 'utf8')).toBe('100');
}, 60_000);

test('kill -9 in the midst of writing: the entry is one that was written, and the next process goes on with it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const writer = start('write');
    await writer.told('writing');
    await sleep(20 + Math.random() * 30);
    await kill(writer);
    const left = await store.read('written');
    expect(left?.value).toMatch(/^\d+$/);
    expect(left && (await store.replace('written', 'mine', left.version, ttlMs))).toBeDefined();
    const mine = await store.read('written');
    expect(mine && (await store.remove('written', mine.version))).toBe(true);
  }
}, 60_000);

test('who waits hears within some looks that another process let go', async () => {
  const locker = createLocker({ store, onStoreDown: 'throw' });
  const holder = start('hold');
  await holder.told('held');
  const heard = new Promise<void>((resolve) => store.subscribe?.('giveway:events', (now) => now ?? resolve()));
  await sleep(50);
  const other = sqliteStore({ file });
  holder.process.kill('SIGSTOP'); // so that nobody renews in between
  const entry = await other.read('giveway:events');
  expect(entry && (await other.remove('giveway:events', entry.version))).toBe(true);
  await heard;
  await other.close();
  await locker.close();
});

test('a store that is idle and was never closed does not keep its process alive', async () => {
  const worker = start('once');
  expect(await worker.ended).toBe(0);
  expect(worker.lines.map(({ what }) => what)).toEqual(['end']);
});
