import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Version } from '../../../src/lock/store.ts';
import type { NodeRedisClient } from '../../../src/stores/redis/client.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { type ProcessServer, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { clientKinds, openClient } from './clients.ts';

const minute = 60_000;

// A server of our own: it is paused.
describeWith('redis', () => {
  let server: ProcessServer;
  beforeAll(async () => {
    server = await redisServer();
  }, 90_000);
  afterAll(() => server.stop());

  describe.each(clientKinds)('over %s', (kind) => {
    test('a hundred locks and releases at once make no timers of their own', async () => {
      const { client, close } = await openClient(kind, server.url);
      const store = redisStore({ client, fences: false });
      await store.read('warm');
      const timers = jest.spyOn(globalThis, 'setTimeout');
      const signals = jest.spyOn(AbortSignal, 'timeout');
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const version = await store.create(`${kind} ${index}`, 'value', minute);
          expect(await store.remove(`${kind} ${index}`, version as Version)).toBe(true);
        }),
      );
      const made = { timers: timers.mock.calls.length, signals: signals.mock.calls.length };
      timers.mockRestore();
      signals.mockRestore();
      expect(made.signals).toBe(0);
      expect(made.timers).toBeLessThanOrEqual(5); // one in each time limit, and on node-redis one in each slice
      await store.close();
      close();
    });
  });

  test('an append leaves the time at which the key ends as it is, to the millisecond, and needs no command that the other scripts do not', async () => {
    const { client, close } = await openClient('ioredis', server.url);
    const redis = client as Redis;
    const store = redisStore({ client, fences: false });
    const endsAt = (): Promise<unknown> => redis.call('PEXPIRETIME', 'line');
    const version = (await store.create('line', 'held', minute)) as Version;
    const before = await endsAt();
    await redis.config('RESETSTAT');
    expect(await store.append?.('line', ', waited for: é', version)).toBeDefined();
    expect(await endsAt()).toBe(before);
    const used = [...(await redis.info('commandstats')).matchAll(/cmdstat_(\w+):/g)].map(([, name]) => name);
    expect(used).toEqual(expect.arrayContaining(['eval', 'get', 'set']));
    expect(used).not.toContain('append');
    await store.close();
    close();
  });

  describe.each(clientKinds)('over %s', (kind) => {
    /** A client whose connection knows the scripts, a lock of it, and what the server is asked from then on. */
    async function familiar(url: string) {
      const { client, close } = await openClient(kind, url);
      const store = redisStore({ client, fences: false });
      const created = async (value: string): Promise<Version> => (await store.create(`familiar ${kind}`, value, minute)) as Version;
      const remove = (version: Version): Promise<boolean> => store.remove(`familiar ${kind}`, version);
      expect(await remove(await created('first'))).toBe(true);
      await admin.config('RESETSTAT');
      return { created, remove, end: () => store.close().then(close) };
    }
    async function scriptCalls(): Promise<Record<string, number>> {
      const calls = (await admin.info('commandstats')).matchAll(/cmdstat_(evalsha|eval):calls=(\d+)/g);
      return Object.fromEntries([...calls].map(([, name, times]) => [name, Number(times)]));
    }
    let admin: Redis;
    beforeAll(async () => {
      admin = (await openClient('ioredis', server.url)).client as Redis;
    });
    afterAll(() => admin.quit());

    test('the text of a script is sent once on a connection, and once more when the server has forgotten it', async () => {
      const { created, remove, end } = await familiar(server.url);
      expect(await remove(await created('by its digest'))).toBe(true);
      expect(await scriptCalls()).toEqual({ evalsha: 1 });
      await admin.script('FLUSH');
      const version = await created('unknown');
      expect(await remove(version)).toBe(true);
      expect(await remove(version)).toBe(false);
      expect(await scriptCalls()).toEqual({ evalsha: 3, eval: 1 });
      await end();
    });

    test('a user who may say EVAL but not EVALSHA is refused once, and served', async () => {
      await admin.call('ACL', 'SETUSER', 'texts', 'on', '>secret', '~*', '&*', '+@all', '-evalsha');
      const { created, remove, end } = await familiar(server.url.replace('://', '://texts:secret@'));
      for (const value of ['second', 'third']) expect(await remove(await created(value))).toBe(true);
      expect(await scriptCalls()).toMatchObject({ eval: 2 });
      await end();
    });
  });

  test('over ioredis what is asked for in one turn goes out in a few writes', async () => {
    const { client, close } = await openClient('ioredis', server.url);
    const store = redisStore({ client, fences: false });
    await store.read('warm');
    const { stream } = client as Redis;
    const [single, gathered] = [jest.spyOn(stream, '_write'), jest.spyOn(stream, '_writev' as '_write')];
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.create(`turn ${index}`, 'value', minute)));
    expect(single).not.toHaveBeenCalled();
    // Sixteen each, and what remains; what the socket does not take at once goes out together.
    expect(gathered.mock.calls.length).toBeLessThanOrEqual(4);
    await store.close();
    close();
  });

  test('over node-redis what still stands in the queue of the client when its time is over is never sent', async () => {
    const timeoutMs = 300;
    const { client, close } = await openClient('node-redis', server.url);
    const store = redisStore({ client, timeoutMs, breaker: false });
    await store.read('warm');
    const sent = jest.spyOn(client as NodeRedisClient, 'sendCommand');
    server.pause();
    // More than the buffers of both sockets take.
    const text = 'x'.repeat(500_000);
    const calls = Array.from({ length: 100 }, (_, index) => store.create(`queued ${index}`, text, minute));
    for (const call of await Promise.allSettled(calls))
      expect(call).toMatchObject({ status: 'rejected', reason: { name: 'StoreUnavailableError' } });
    // The client's own time for it ends a little later than ours.
    await expect(sent.mock.results.at(-1)?.value).rejects.toThrow();
    server.resume();
    const isBack = (): Promise<boolean> =>
      store.read('warm').then(
        () => true,
        () => false,
      );
    while (!(await isBack()));
    expect((await store.read('queued 99'))?.value.length).toBeUndefined();
    await store.close();
    close();
  });
});
