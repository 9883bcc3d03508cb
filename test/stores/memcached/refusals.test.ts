import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '../../../src/lock/errors.ts';
import type { Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { freePort } from '../../support/free-port.ts';
import { describeWith } from '../../support/shared.ts';
import { type Timed, timed } from '../../support/stopwatch.ts';
import { setStage } from './stage.ts';
import { plainTransports, type Transport } from './transports.ts';

const ttlMs = 30_000;

async function refusalOf(url: string, { options }: Transport, timeoutMs = 300): Promise<Timed<unknown>> {
  const store = memcachedStore({ servers: url, timeoutMs, ...options });
  const outcome = await timed(store.create('giveway:k', 'v', ttlMs));
  await store.close();
  return outcome;
}

describeWith('memcached', () => {
  describe.each(plainTransports)('$name', (transport) => {
    describe('a server without CAS numbers (-C)', () => {
      const stage = setStage(transport, ['-C']);

      test('is refused by name at the first lock, which is taken back', async () => {
        const [store, key] = [stage.open(), stage.freshKey()];
        for (let time = 0; time < 2; time += 1) {
          await expect(store.create(key, 'mine', ttlMs)).rejects.toMatchObject({
            name: 'StoreUnavailableError',
            code: 'ERR_GIVEWAY_NO_CAS',
            message: expect.stringContaining('-C'),
          });
        }
        expect(await store.read(key)).toBeUndefined();
      });

      test('is refused when something is read there', async () => {
        const [store, key] = [await stage.openReady(), stage.freshKey()];
        stage.proxy.cutReply(0); // the first reply is lost; what was added stays
        await expect(store.create(key, 'mine', ttlMs)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NO_CAS' });
        await expect(store.read(key)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NO_CAS' });
      });

      test('stays refused: the breaker does not hide why', async () => {
        const store = stage.open({ breaker: { failures: 1 } });
        for (let time = 0; time < 3; time += 1) {
          await expect(store.create(stage.freshKey(), 'mine', ttlMs)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NO_CAS' });
        }
      });
    });

    describe('a server out of memory (-M)', () => {
      const stage = setStage(transport, ['-M', '-m', '2']);

      test('is broken, never busy', async () => {
        const store = stage.openDirect();
        const filling = async (): Promise<void> => {
          for (let count = 0; count < 200; count += 1) await store.create(stage.freshKey(), 'x'.repeat(100_000), ttlMs);
        };
        const { error } = await timed(filling());
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(String(error)).toContain('out of memory');
      });

      // With the meta protocol it does: docs/stores/memcached.md says so, and what to do instead.
      if (transport.name === 'binary') {
        test('deletes no lock because a renewal found no room: not the own one, and not a successor’s', async () => {
          const [store, key] = [stage.openDirect(), stage.freshKey()];
          const value = 'x'.repeat(300);
          const first = (await store.create(key, `${value}1`, ttlMs)) as Version;
          const second = (await store.replace(key, `${value}2`, first, ttlMs)) as Version;
          const filling = async (): Promise<void> => {
            for (;;) await Promise.all(Array.from({ length: 200 }, () => store.create(stage.freshKey(), `${value}0`, ttlMs)));
          };
          await expect(filling()).rejects.toThrow('out of memory');
          for (const version of [first, second]) {
            await expect(store.replace(key, `${value}3`, version, ttlMs)).rejects.toThrow('out of memory');
            expect(await store.read(key)).toMatchObject({ value: `${value}2` });
          }
          expect(await store.remove(key, second)).toBe(true);
        });
      }
    });

    describe('a server that takes no more connections (-c)', () => {
      const stage = setStage(transport, ['-c', '30', '-o', 'maxconns_fast']);

      test('is told from one that is no memcached, in its own words', async () => {
        let refusals = 0;
        const others = Array.from({ length: 60 }, () =>
          connect(stage.server.port, stage.server.host)
            .on('error', () => {})
            .on('data', () => {
              refusals += 1;
            }),
        );
        while (refusals === 0) await sleep(5);
        const { error } = await refusalOf(stage.server.url, transport);
        for (const other of others) other.destroy();
        expect(error).toMatchObject({
          name: 'StoreUnavailableError',
          message: expect.stringMatching(/the server answered "ERROR Too many open connections"$/),
        });
      });
    });

    describe('a server with smaller items (-I)', () => {
      const stage = setStage(transport, ['-I', '1k', '-o', 'slab_chunk_max=512']);

      test('is told apart from a busy one, in its own words', async () => {
        const { error } = await timed(stage.openDirect().create(stage.freshKey(), 'x'.repeat(5_000), ttlMs));
        expect(error).toMatchObject({
          name: 'StoreUnavailableError',
          message: expect.stringMatching(/Too large.*0x03|SERVER_ERROR object too large/),
        });
      });
    });
  });
});

describe.each(plainTransports)('$name', (transport) => {
  test('a port where nobody listens: at once, with address and cause', async () => {
    const port = await freePort();
    const { error, awakeMs } = await refusalOf(`127.0.0.1:${port}`, transport);
    expect(error).toMatchObject({ name: 'StoreUnavailableError', cause: { code: 'ECONNREFUSED' } });
    expect(String(error)).toContain(`127.0.0.1:${port}`);
    expect(awakeMs).toBeLessThan(200);
  });

  test('a name with several addresses, none of them open: the message says why', async () => {
    const { error } = await refusalOf(`localhost:${await freePort()}`, transport);
    expect(String(error)).toContain('ECONNREFUSED');
  });

  test('a name that nobody knows', async () => {
    const { error } = await refusalOf('memcached.invalid:11211', transport, 2_000);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(String(error)).toMatch(/memcached\.invalid/);
  });

  test('a server that greets in another language is recognised by its first byte', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}).write('220 smtp.example ESMTP\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address() as { port: number };
    const { error, awakeMs } = await refusalOf(`127.0.0.1:${address.port}`, transport);
    server.close();
    expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringContaining('what answers there') });
    expect(awakeMs).toBeLessThan(200);
  });
});
