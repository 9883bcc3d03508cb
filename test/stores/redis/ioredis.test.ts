import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { type ProcessServer, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { type Counted, countPromises, leastOfTen, leastPromises } from '../promise-count.ts';

const minute = 60_000;

interface Command {
  name: string;
  args: string[];
  promise: Promise<unknown>;
  resolve: (reply: unknown) => void;
  reject: (error: unknown) => void;
}

// A server of our own: it is paused.
describeWith('redis', () => {
  let server: ProcessServer;
  let client: Redis;
  let store: LockStore;
  beforeAll(async () => {
    server = await redisServer();
  }, 90_000);
  afterAll(() => server.stop());
  afterEach(async () => {
    await store.close();
    client.disconnect();
  });

  async function open(options: { keyPrefix?: string; commandTimeout?: number; enableAutoPipelining?: boolean } = {}): Promise<void> {
    client = new Redis(server.url, options);
    await client.flushall();
    store = redisStore({ client, fences: false });
  }
  async function pair(key: string): Promise<void> {
    const version = (await store.create(key, 'é', minute)) as Version;
    expect(await store.remove(key, version)).toBe(true);
  }

  test('each store call makes one promise', async () => {
    await open();
    await pair('warm');
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`);
    const count = <T>(call: (key: string, index: number) => Promise<T>): Promise<Counted<T>> => countPromises(keys, call);
    const least = await leastPromises(keys);
    const counted = await leastOfTen(async () => {
      const created = await count((key) => store.create(key, 'mine', minute));
      const refused = await count((key) => store.create(key, 'refused', minute));
      const replaced = await count((key, index) => store.replace(key, 'again', created.answers[index] as Version, minute));
      const read = await count((key) => store.read(key));
      const removed = await count((key, index) => store.remove(key, replaced.answers[index] as Version));
      expect(removed.answers).toEqual(keys.map(() => true));
      return [created, refused, replaced, read, removed].map(({ promises }) => promises);
    });
    expect(counted).toEqual(counted.map(() => least));
  });

  test('whoever watches the commands sees them, and when they end', async () => {
    await open();
    const send = client.sendCommand;
    const seen: string[] = [];
    const ended: Promise<unknown>[] = [];
    // As tracers do: theirs in the place of the command's own, which they call without an object.
    client.sendCommand = function (this: Redis, command: Command, ...others: never[]) {
      const { resolve, reject } = command;
      command.resolve = (reply) => {
        seen.push(`${command.name} ${command.args.includes('watched')}`);
        resolve(reply);
      };
      command.reject = (error) => reject(error);
      ended.push(command.promise);
      return send.call(this, command as never, ...others);
    } as Redis['sendCommand'];
    await pair('watched');
    await pair('watched');
    expect(seen).toEqual(['EVAL true', 'EVAL true', 'SET true', 'EVALSHA true']);
    expect(await Promise.all(ended)).toEqual([expect.anything(), true, expect.anything(), true]);
  });

  test("the client's prefix stands before each key, and not before the name of the channel", async () => {
    await open({ keyPrefix: 'app:' });
    const other = new Redis(server.url);
    const first = (await store.create('key', '1', minute)) as Version;
    expect(await other.keys('*')).toEqual(['app:key']);
    const second = (await store.replace('key', '2', first, minute)) as Version;
    const third = (await store.append?.('key', ' and 3', second)) as Version;
    expect(await store.read('key')).toEqual({ value: '2 and 3', version: third });
    await pair('another');
    expect(await other.keys('*')).toEqual(['app:key']);
    other.disconnect();
  });

  test('what the client does with its own commands, pipelines and a shorter time limit, does not concern ours', async () => {
    await open({ enableAutoPipelining: true, commandTimeout: 100 });
    await Promise.all([pair('1'), pair('2'), client.get('theirs'), pair('3')]);
    server.pause();
    const read = store.read('key');
    const theirs = client.get('theirs');
    await expect(theirs).rejects.toThrow('Command timed out');
    server.resume();
    expect(await read).toBeUndefined();
  });

  test.each(['destroyed', 'ended'] as const)('a connection that is %s in the turn that asks loses no answer', async (how) => {
    await open();
    await pair('warm');
    const { stream } = client as unknown as { readonly stream: Socket };
    const asked = Array.from({ length: 40 }, (_, index) => store.create(`key ${index}`, 'mine', minute));
    if (how === 'destroyed') stream.destroy();
    else stream.end();
    expect((await Promise.all(asked)).every(Boolean)).toBe(true);
  });
});
