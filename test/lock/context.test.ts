import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const lockerWith = (options: Partial<LockerOptions> = {}): ResourceLocker => createLocker({ store: memoryStore(), ...options });

/** A socket of a pool: opened by whoever needed it first, answering everybody. */
async function pooledSocket(): Promise<{ socket: Socket; said(): Promise<void>; end(): void } & Disposable> {
  const server = createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const end = (): void => {
    socket.destroy();
    server.close();
  };
  return {
    socket,
    async said() {
      const answer = once(socket, 'data');
      socket.write('?');
      await answer;
    },
    end,
    [Symbol.dispose]: end,
  };
}

describe('an event of a socket that was opened inside a run', () => {
  test('has nothing of the run once it is over', async () => {
    const locker = lockerWith();
    let seen: unknown = 'nothing heard';
    const opened = await locker.run('a', async () => {
      const pool = await pooledSocket();
      pool.socket.on('data', () => {
        seen = locker.current();
      });
      await pool.said();
      expect(seen).toBe(locker.current('a'));
      return pool;
    });
    if (opened.status !== 'ran') throw new Error('busy');
    using pool = opened.value;
    await locker.run('a', () => pool.said());
    expect(seen).toBeUndefined();
  });

  test('has never anything of it where nesting is explicit', async () => {
    const locker = lockerWith({ nesting: 'explicit' });
    let joined: unknown = 'nothing heard';
    await locker.run('a', async () => {
      using pool = await pooledSocket();
      const stranger = new Promise<unknown>((resolve) => {
        pool.socket.on('data', () => resolve(locker.run('a', () => {})));
      });
      await pool.said();
      joined = await stranger;
    });
    expect(joined).toMatchObject({ status: 'skipped', reason: 'busy' });
  });
});

describe("nesting: 'explicit'", () => {
  test('no run is inside another', async () => {
    const locker = lockerWith({ nesting: 'explicit' });
    const outcome = await locker.run('a', async () => {
      expect(locker.current()).toBeUndefined();
      expect(await locker.tryLock('a')).toBeUndefined();
      return locker.run('b', () => 'alone');
    });
    expect(outcome).toMatchObject({ status: 'ran', value: { status: 'ran', value: 'alone', release: 'released' } });
  });

  test('is one of two words', () => {
    expect(() => lockerWith({ nesting: 'none' as never })).toThrow(`nesting: received "none"; 'context' or 'explicit' is allowed`);
  });
});

describe('close', () => {
  test.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, '5s' as never])(
    'refuses a timeoutMs of %p, and closes nothing',
    async (timeoutMs) => {
      await using locker = lockerWith();
      await expect(locker.close({ timeoutMs })).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'timeoutMs' });
      expect((await locker.run('a', () => {})).status).toBe('ran');
    },
  );

  test('inside a run waits for the others, not for that run', async () => {
    const locker = lockerWith();
    const ends: string[] = [];
    const others = new EventEmitter();
    const beside = locker.run('b', () => once(others, 'leave')).then(() => ends.push('beside'));
    const outcome = await locker.run('a', async () => {
      await locker.run('c', async ({ signal }) => {
        signal.addEventListener('abort', () => setImmediate(() => others.emit('leave')));
        await locker.close({ timeoutMs: 3_600_000 });
        ends.push('close');
      });
      return 'went on';
    });
    await beside;
    expect(ends).toEqual(['beside', 'close']);
    expect(outcome).toMatchObject({ status: 'ran', value: 'went on', lost: { reason: 'closed' } });
  });

  test('that waits for a run is let go by a close inside that run', async () => {
    const locker = lockerWith();
    const work = new EventEmitter();
    const began = once(work, 'began');
    const running = locker.run('a', async ({ signal }) => {
      const aborted = once(signal, 'abort');
      work.emit('began');
      await aborted;
      await locker.close();
    });
    await began;
    await locker.close({ timeoutMs: 3_600_000 });
    expect(await running).toMatchObject({ status: 'ran', lost: { reason: 'closed' } });
  });
});

test('a close from a listener that hears of the close is the same close', async () => {
  const locker = lockerWith();
  const lock = await locker.lock('a');
  const inner = new Promise<void>((resolve) => {
    lock.signal.addEventListener('abort', () => resolve(locker.close({ timeoutMs: 3_600_000 })));
  });
  await locker.close({ timeoutMs: 3_600_000 });
  await inner;
  expect(locker.held()).toEqual([]);
});

/** How long many promises take, in milliseconds. */
async function msOfAwaits(): Promise<number> {
  const startMs = performance.now();
  for (let i = 0; i < 50_000; i++) await undefined;
  return performance.now() - startMs;
}

test('lockers that are closed make no promise dearer', async () => {
  const closeMany = async (): Promise<void> => {
    for (let i = 0; i < 300; i++) {
      const locker = lockerWith();
      await locker.run('a', () => locker.run('a', () => {}));
      await locker.close();
    }
  };
  await msOfAwaits();
  const before = await msOfAwaits();
  await closeMany();
  // Three hundred that stay enabled take some thirty times as long on Node 20.
  expect(await msOfAwaits()).toBeLessThan(10 * before + 50);
});
