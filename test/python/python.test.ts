/** The reference in examples/python: it passes the vectors, and takes turns with workers of ours. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocker, type Holder, type ResourceLocker } from '../../src/index.ts';
import { startProgram, startWorker, type Worker } from '../processes/spawn.ts';
import { describeWith, type Service } from '../support/shared.ts';
import { openStore } from './open-store.ts';

const reference = join(__dirname, '../../examples/python/giveway.py');

test('the reference has at most 250 lines that are not blank', () => {
  expect(
    readFileSync(reference, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '').length,
  ).toBeLessThanOrEqual(250);
});

describeWith('python', (python) => {
  test('the reference passes the vectors', () => {
    expect(execFileSync(python.url, [join(__dirname, 'vectors.py')], { encoding: 'utf8' })).toMatch(/^[1-9]\d+ checked, 0 failed\n$/);
  });

  for (const service of ['memcached', 'redis'] as const) {
    describeWith(service, (server) => workTogether(python, server));
  }
});

function workTogether(python: Service, server: Service): void {
  let folder: string;
  let locker: ResourceLocker;
  let end: () => void;
  const started: Worker[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'giveway-turns-'));
    writeFileSync(join(folder, 'count'), '0');
    const opened = openStore(server.url);
    locker = createLocker({ store: opened.store, namespace: server.prefix, job: 'here', closesStore: true });
    end = opened.end;
  });
  afterAll(async () => {
    for (const { process } of started) process.kill('SIGKILL');
    await Promise.all(started.map(({ ended }) => ended));
    await locker.close();
    end();
    rmSync(folder, { recursive: true });
  });

  function start(kind: 'python' | 'node', table: string, turns: number, holdMs: number, ttlMs: number): Worker {
    const args = [server.url, table, String(turns), String(holdMs), folder];
    const env = { NAMESPACE: server.prefix, TTL_MS: String(ttlMs) };
    const worker =
      kind === 'python'
        ? startProgram(python.url, [join(__dirname, 'worker.py'), ...args], env)
        : startWorker('../python/turns-worker.ts', args, env);
    started.push(worker);
    return worker;
  }

  async function seen(table: string, isWanted: (holder: Holder) => boolean): Promise<Holder> {
    for (;;) {
      const found = (await locker.inspect(table)).find(isWanted);
      if (found !== undefined) return found;
      await sleep(5);
    }
  }

  test('500 turns of two each: no overlap, no lost count', async () => {
    const workers = (['python', 'node', 'python', 'node'] as const).map((kind) => start(kind, 'turns', 125, 2, 5_000));
    await Promise.all(workers.map(({ told }) => told('ready')));
    for (const { process } of workers) process.stdin?.write('go\n');
    const ends = await Promise.all(workers.map(({ told }) => told('end')));
    for (const { lines } of workers) expect(lines.map(({ what }) => what)).toEqual(['ready', 'end']);
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('500');
    for (const { longestMs } of ends) expect(longestMs).toBeLessThan(30_000);
  }, 120_000);

  test('it stands in our line, and is let in by our release', async () => {
    const lock = await locker.lock('ours');
    const worker = start('python', 'ours', 1, 2, 5_000);
    worker.process.stdin?.write('go\n');
    expect(await seen('ours', ({ state }) => state === 'waiting')).toMatchObject({ job: 'python', place: 1 });
    expect(await lock.unlock()).toBe(true);
    expect((await worker.told('end')).what).toBe('end');
    expect(await worker.ended).toBe(0);
  });

  test('it keeps what it holds by renewing it; we stand in its line, and are let in by its release', async () => {
    const worker = start('python', 'theirs', 1, 2_500, 1_000);
    worker.process.stdin?.write('go\n');
    await seen('theirs', ({ job }) => job === 'python');
    const waiting = locker.lock('theirs', { retry: { maxWaitMs: 20_000 } });
    expect(await seen('theirs', ({ state }) => state === 'waiting')).toMatchObject({ job: 'here', place: 1 });
    const lock = await waiting;
    expect(await locker.inspect('theirs')).toMatchObject([{ job: 'here', state: 'holding' }]);
    expect(lock.signal.aborted).toBe(false);
    expect(worker.lines.map(({ what }) => what)).not.toContain('lost');
    await lock.unlock();
    expect(await worker.ended).toBe(0);
  });

  test('a dead one is waited out, and no longer', async () => {
    const worker = start('python', 'dead', 1, 60_000, 1_000);
    worker.process.stdin?.write('go\n');
    await seen('dead', ({ job }) => job === 'python');
    worker.process.kill('SIGKILL');
    expect(await locker.tryLock('dead')).toBeUndefined();
    const lock = await locker.lock('dead');
    expect(lock.isProtected).toBe(true);
    await lock.unlock();
  });
}
