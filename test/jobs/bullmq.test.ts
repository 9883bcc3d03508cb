import { EventEmitter, getEventListeners } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createLocker, type Lock, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { type LockedProcessorOptions, lockedProcessor } from '../../src/jobs/bullmq.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';
import { heldByEvil, textsIn, unprintable } from '../support/names-of-others.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { openQueue, openWorker } from './queues.ts';

const forever = { times: Number.POSITIVE_INFINITY };

function fleet(options: Partial<LockerOptions> = {}): { here: ResourceLocker; there: ResourceLocker; store: FaultyStore } {
  const backend = memoryStore();
  const store = faultyStore(backend);
  return { here: createLocker({ store, ...options }), there: createLocker({ store: backend.connect() }), store };
}

/** As much of a job as a locked processor asks for. */
function fakeJob(fields: Partial<Job> = {}): Job & { delays: number[] } {
  const delays: number[] = [];
  const moveToDelayed = async (timestamp: number): Promise<void> => void delays.push(timestamp - Date.now());
  return {
    id: '1',
    name: 'write',
    queueName: 'etl',
    data: {},
    attemptsMade: 0,
    attemptsStarted: 1,
    delays,
    moveToDelayed,
    ...fields,
  } as never;
}

describe('lockedProcessor', () => {
  test('declares exactly three parameters, else BullMQ passes no signal', () => {
    expect(lockedProcessor(fleet().here, 'events', async () => {})).toHaveLength(3);
  });

  test("job, token and result pass through; the work finds its lock, and its signal is the lock's", async () => {
    const { here, there } = fleet();
    const job = fakeJob();
    const processor = lockedProcessor(here, 'events', async (given, token, signal) => {
      const [holder] = await there.inspect('events');
      return [given === job, token, signal === here.current()?.signal, holder?.job];
    });
    expect(await processor(job, 'token-1')).toEqual([true, 'token-1', true, 'etl:write']);
    expect(await there.tryLock('events')).toBeDefined();
  });

  test.each([undefined, null, 'a text', { code: 7 }])('what a scope function throws that is no Error is made one: %p', async (thrown) => {
    const scope = (): never => {
      throw thrown;
    };
    const failure = await lockedProcessor(fleet().here, scope, async () => {})(fakeJob(), 'token').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ message: String(thrown), cause: thrown });
  });

  test('a result that BullMQ keeps and shows has names of others short and printable', async () => {
    const store = memoryStore();
    await heldByEvil(store, 'giveway:events');
    const result = await lockedProcessor(createLocker({ store }), 'events', async () => {}, { onBusy: 'skip' })(fakeJob(), 'token');
    expect(result).toMatchObject({
      status: 'skipped',
      holders: [
        { mode: 'write', pid: 7 },
        { pid: 8, place: 1 },
      ],
    });
    expect(textsIn(result).length).toBeGreaterThan(6);
    for (const text of textsIn(result)) {
      expect(text).not.toMatch(unprintable);
      expect(text.length).toBeLessThanOrEqual(201);
    }
  });

  test('busy: moved to delayed by an error that BullMQ knows by name, later each time, shortened at random', async () => {
    const { here, there } = fleet();
    await there.lock('events', { job: 'backfill' });
    const processor = lockedProcessor(here, 'events', async () => 'ran', { retry: { delayMs: 100, maxDelayMs: 1_000 } });
    const asked = fakeJob();
    await expect(
      lockedProcessor(here, 'events', async () => {}, { retry: { delayMs: undefined as never } })(asked, 'token'),
    ).rejects.toThrow();
    expect(asked.delays[0]).toBeGreaterThanOrEqual(95);
    for (const [attemptsStarted, fullMs] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [9, 1_000],
      [400, 1_000],
    ] as const) {
      const job = fakeJob({ attemptsStarted });
      await expect(processor(job, 'token')).rejects.toMatchObject({ name: 'DelayedError', message: expect.stringContaining('backfill') });
      expect(job.delays[0]).toBeGreaterThanOrEqual(fullMs / 2 - 5);
      expect(job.delays[0]).toBeLessThanOrEqual(fullMs + 5);
    }
  });

  test('attempts that failed are not taken for delays; at the cap the job fails with who holds it', async () => {
    const { here, there } = fleet();
    await there.lock('events', { job: 'backfill' });
    const processor = lockedProcessor(here, 'events', async () => 'ran', { retry: { maxAttempts: 5 } });
    await expect(processor(fakeJob({ attemptsStarted: 6, attemptsMade: 2 }), 'token')).rejects.toMatchObject({ name: 'DelayedError' });
    const last = fakeJob({ attemptsStarted: 15, attemptsMade: 2 });
    await expect(processor(last, 'token')).rejects.toMatchObject({ name: 'ResourceBusyError', holders: [{ job: 'backfill' }] });
    expect(last.delays).toEqual([]);
  });

  test("a scheduler's job is skipped by default: its result says who had the table, and carries no token", async () => {
    const { here, there } = fleet();
    const lock = await there.lock('events', { job: 'backfill' });
    const run = (options: LockedProcessorOptions, fields: Partial<Job>): Promise<unknown> =>
      lockedProcessor(here, 'events', async () => 'ran', options)(fakeJob(fields), 'token');
    const skipped = { status: 'skipped', reason: 'busy', resource: 'events', holders: [{ job: 'backfill', pid: process.pid }] };
    const result = await run({}, { repeatJobKey: 'nightly' });
    expect(result).toMatchObject(skipped);
    expect(JSON.stringify(result)).not.toContain(lock.token);
    expect(await run({ onBusy: 'skip' }, {})).toMatchObject(skipped);
    await expect(run({ onBusy: 'retry' }, { repeatJobKey: 'nightly' })).rejects.toMatchObject({ name: 'DelayedError' });
  });

  test("P9: the processor's own error arrives, with the store up or down; the table is free again", async () => {
    const { here, there, store } = fleet();
    const processor = lockedProcessor(here, 'events', async () => {
      throw new Error('division by zero');
    });
    await expect(processor(fakeJob(), 'token')).rejects.toThrow('division by zero');
    expect(await (await there.tryLock('events'))?.unlock()).toBe(true);
    store.arm('every', 'reject-before', forever);
    await expect(processor(fakeJob(), 'token')).rejects.toThrow('division by zero');
  });

  test.each(['text', undefined, null, 7])(
    'what a processor throws that is no error (%p) is one for BullMQ, which would keep no reason, or never end the job',
    async (thrown) => {
      const { here, there } = fleet();
      const endings = [
        () => Promise.reject(thrown),
        () => {
          throw thrown;
        },
      ];
      for (const ending of endings)
        await expect(lockedProcessor(here, 'events', ending)(fakeJob(), 'token')).rejects.toMatchObject({
          message: String(thrown),
          cause: thrown,
        });
      expect(await there.tryLock('events')).toBeDefined();
    },
  );

  test('P8: the store down: runs, is put off, or fails, as the options say', async () => {
    const { here, store } = fleet();
    store.arm('every', 'reject-before', forever);
    const run = (options: LockedProcessorOptions): Promise<unknown> =>
      lockedProcessor(here, 'events', async () => 'ran', options)(fakeJob(), 'token');
    expect(await run({})).toBe('ran');
    await expect(run({ onStoreDown: 'skip' })).rejects.toMatchObject({ name: 'DelayedError' });
    expect(await run({ onStoreDown: 'skip', onBusy: 'skip' })).toMatchObject({ status: 'skipped', reason: 'store-down' });
    await expect(run({ onStoreDown: 'throw' })).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    await expect(run({ onStoreDown: 'skip', retry: { maxAttempts: 1 } })).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });

  test('a closed locker drops no job, whatever onBusy says', async () => {
    const { here } = fleet();
    await here.close();
    const jobs = [fakeJob(), fakeJob({ attemptsStarted: 5_000 })];
    for (const job of jobs) {
      await expect(lockedProcessor(here, 'events', async () => 'ran', { onBusy: 'skip' })(job, 'token')).rejects.toMatchObject({
        name: 'DelayedError',
      });
      expect(job.delays).toHaveLength(1);
    }
  });

  test("BullMQ's cancellation aborts the lock's signal, and a job cancelled before it began fails with the reason", async () => {
    const { here } = fleet();
    const cancel = new AbortController();
    const processor = lockedProcessor(here, 'events', (_job, _token, signal) => {
      cancel.abort(new Error('cancelled'));
      return signal.aborted;
    });
    expect(await processor(fakeJob(), 'token', cancel.signal)).toBe(true);
    await expect(processor(fakeJob(), 'token', cancel.signal)).rejects.toThrow('cancelled');
  });

  test('a job cancelled while the store is asked does not begin: its own listener would come too late', async () => {
    const { here, there, store } = fleet();
    const cancel = new AbortController();
    let began = false;
    const processor = lockedProcessor(here, 'events', async () => {
      began = true;
    });
    const hung = store.arm('create', 'hang-after');
    const running = processor(fakeJob(), 'token', cancel.signal);
    await hung.reached;
    cancel.abort(new Error('cancelled'));
    hung.release();
    await expect(running).rejects.toThrow('cancelled');
    expect(began).toBe(false);
    expect(await there.tryLock('events')).toBeDefined();
  });

  test.each(['by hand', null, 7])('the reason of a cancellation may be anything (%p); BullMQ gets an error', async (reason) => {
    const job = lockedProcessor(fleet().here, 'events', async () => {})(fakeJob(), 'token', AbortSignal.abort(reason));
    await expect(job).rejects.toBeInstanceOf(Error);
    await expect(job).rejects.toThrow(String(reason));
  });

  test('a worker that is being stopped drops no job that has not begun, whatever onBusy says', async () => {
    const { here, store } = fleet();
    const stop = new AbortController();
    const processor = lockedProcessor(here, 'events', async () => 'ran', {
      signal: stop.signal,
      onBusy: 'skip',
      retry: { maxAttempts: 1 },
    });
    const hung = store.arm('create', 'hang-after');
    const early = processor(fakeJob(), 'token');
    await hung.reached;
    stop.abort(new Error('SIGTERM'));
    hung.release();
    await expect(early).rejects.toMatchObject({ name: 'DelayedError' });
    const late = fakeJob({ attemptsStarted: 5 });
    await expect(processor(late, 'token')).rejects.toMatchObject({ name: 'DelayedError' });
    expect(late.delays).toHaveLength(1);
  });

  test('a stop signal that outlives its jobs aborts those at work, and keeps nothing of those that have ended', async () => {
    const { here } = fleet();
    const stop = new AbortController();
    let atWork: AbortSignal | undefined;
    const processor = lockedProcessor(
      here,
      () => `events/${Math.random()}`,
      async (_job, _token, signal) => {
        atWork = signal;
      },
      { signal: stop.signal },
    );
    const kept = (): number => {
      const dependants = Object.getOwnPropertySymbols(stop.signal).find(({ description }) => description === 'kDependantSignals');
      return (dependants === undefined ? 0 : (stop.signal as never as Record<symbol, Set<unknown>>)[dependants]?.size) ?? 0;
    };
    await Promise.all(Array.from({ length: 20 }, () => processor(fakeJob(), 'token')));
    expect(getEventListeners(stop.signal, 'abort').length).toBeLessThanOrEqual(1);
    expect(kept()).toBe(0);
    const running = lockedProcessor(
      here,
      'events',
      async (_job, _token, signal) => {
        stop.abort(new Error('SIGTERM'));
        return signal.reason;
      },
      { signal: stop.signal },
    )(fakeJob(), 'token');
    expect(await running).toMatchObject({ message: 'SIGTERM' });
    expect(atWork?.aborted).toBe(false);
  });

  test('a job of a bad name leaves nothing behind', async () => {
    const { here } = fleet();
    const worker = new EventEmitter();
    const processor = lockedProcessor(
      here,
      ({ id }) => (id === '1' ? 'events' : 'a..b'),
      async () => 'ran',
    );
    expect(await processor(fakeJob({ queue: worker } as never), 'token')).toBe('ran');
    for (const id of ['2', '3'])
      await expect(processor(fakeJob({ id, queue: worker } as never), 'token')).rejects.toThrow('a part of a dotted name');
    const asked = jest.fn(() => false);
    worker.emit('lockRenewalFailed', { includes: asked });
    expect(asked).not.toHaveBeenCalled();
  });

  test('P7: a processor that never settles is told when its time is over', async () => {
    const { here } = fleet();
    const told = new Promise((resolve) => {
      const processor = lockedProcessor(
        here,
        'events',
        (_job, _token, signal) => new Promise(() => signal.addEventListener('abort', () => resolve(signal.reason))),
        { maxHoldMs: 100 },
      );
      void processor(fakeJob(), 'token');
    });
    expect(await told).toMatchObject({ name: 'LockLostError', reason: 'max-hold' });
  });

  test('each attempt takes the lock anew', async () => {
    const { here } = fleet();
    const tokens = new Set<string>();
    const processor = lockedProcessor(here, 'events', async () => tokens.add((here.current() as Lock).token).size);
    await processor(fakeJob(), 'token');
    expect(await processor(fakeJob(), 'token')).toBe(2);
  });

  test('P11: a scope function that throws or names an unlisted table fails the job; bad options are refused at once', async () => {
    const { here, store } = fleet({ resources: ['events'] });
    await expect(
      lockedProcessor(
        here,
        () => 'evnets',
        async () => 'ran',
      )(fakeJob(), 'token'),
    ).rejects.toMatchObject({ name: 'UnknownResourceError' });
    const thrower = (): string => {
      throw new Error('no table in the job');
    };
    await expect(lockedProcessor(here, thrower, async () => 'ran')(fakeJob(), 'token')).rejects.toThrow('no table in the job');
    expect(() => lockedProcessor(here, 'evnets', async () => {})).toThrow(/did you mean "events"/);
    expect(() => lockedProcessor(here, 'events', async () => {}, { retry: { maxWaitMs: 1 } as never })).toThrow(
      expect.objectContaining({ path: 'retry.maxWaitMs' }),
    );
    expect(() => lockedProcessor(here, 'events', async () => {}, { onBusy: 'wait' as never })).toThrow(
      expect.objectContaining({ path: 'onBusy' }),
    );
    for (const [given, path] of [
      [[], 'locker'],
      [[{}], 'locker'],
      [[here], 'scope'],
      [[here, 'events'], 'processor'],
      [[here, 'events', './processor.js'], 'processor'],
    ] as const) {
      expect(() => (lockedProcessor as (...args: readonly unknown[]) => unknown)(...given)).toThrow(
        expect.objectContaining({ name: 'InvalidOptionError', path }),
      );
    }
    expect(store.calls.create).toBe(0);
  });
});

function openRedis(url: string): Redis & Disposable {
  const redis = new Redis(url);
  return Object.assign(redis, { [Symbol.dispose]: () => redis.disconnect() });
}

describeWith('redis', (service) => {
  let queue: Queue | undefined;
  let worker: Worker | undefined;
  afterEach(async () => {
    await worker?.close(true);
    await queue?.close();
  });

  test('a job whose processor throws nothing at all has failed, and leaves its table', async () => {
    const { here, there } = fleet();
    const place = { url: service.url, prefix: uniqueName('q') };
    queue = openQueue(place);
    worker = openWorker(place, lockedProcessor(here, 'events', () => Promise.reject()) as never);
    const failed = new Promise<string | undefined>((resolve) => worker?.on('failed', (job) => resolve(job?.failedReason)));
    await queue.add('write', {});
    expect(await failed).toBe('undefined');
    expect(await there.tryLock('events')).toBeDefined();
  });

  test('a job that loses its own lock in the queue has its work cancelled', async () => {
    const { here } = fleet();
    const place = { url: service.url, prefix: uniqueName('q') };
    queue = openQueue(place);
    using redis = openRedis(service.url);
    const lost = new Promise<Error>((resolve) => {
      const processor = lockedProcessor(here, 'events', async (job, _token, signal) => {
        await redis.del(`${job.queueQualifiedName}:${job.id}:lock`);
        await new Promise((wake) => signal.addEventListener('abort', wake));
        resolve(signal.reason);
        throw signal.reason;
      });
      worker = openWorker(place, processor as never, { lockDuration: 600, stalledInterval: 60_000 });
    });
    await queue.add('write', {});
    expect((await lost).message).toMatch(/lost its lock in the queue/);
    expect((await here.lock('events')).isProtected).toBe(true);
  });
});
