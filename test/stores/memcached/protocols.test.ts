import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import type { MemcachedSettings } from '../../../src/stores/memcached/options.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { type Timed, timed } from '../../support/stopwatch.ts';

const ttlMs = 30_000;

describeWith('memcached', (service) => {
  test('processes with either protocol meet the same entries and exclude each other', async () => {
    const [binary, meta] = (['binary', 'meta'] as const).map((protocol) => memcachedStore({ servers: service.url, protocol })) as [
      LockStore,
      LockStore,
    ];
    for (const [one, other] of [
      [binary, meta],
      [meta, binary],
    ] as const) {
      const key = `giveway:${uniqueName()}`;
      const made = (await one.create(key, 'täxt\r\n', ttlMs)) as Version;
      expect(await other.create(key, 'theirs', ttlMs)).toBeUndefined();
      const seen = await other.read(key);
      expect(seen?.value).toBe('täxt\r\n');
      const next = (await other.replace(key, 'next', seen?.version as Version, ttlMs)) as Version;
      expect(await one.replace(key, 'late', made, ttlMs)).toBeUndefined();
      expect(await one.remove(key, made)).toBe(false);
      expect(await one.remove(key, next)).toBe(true);
      expect(await other.read(key)).toBeUndefined();
    }
    await binary.close();
    await meta.close();
  });
});

/** Replies by hand, for servers that cannot be had: old ones, proxies, and such as lose count. */
describe('a server of another kind', () => {
  let server: Server;
  let store: LockStore;

  /** `answer` gets each line that was sent, with whatever came behind it. */
  async function open(answer: (line: string, socket: Socket) => void, settings: MemcachedSettings = {}): Promise<LockStore> {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => answer(chunk.toString(), socket));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    store = memcachedStore({ servers: `127.0.0.1:${port}`, protocol: 'meta', timeoutMs: 300, breaker: false, ...settings });
    return store;
  }
  afterEach(async () => {
    await store.close();
    server.close();
  });

  const create = async (): Promise<Timed<unknown>> => timed(store.create('giveway:k', 'mine', ttlMs));

  test('that is older than 1.6.13 is refused before anything is stored there', async () => {
    const heard: string[] = [];
    await open((line, socket) => {
      heard.push(line);
      socket.write('VERSION 1.6.12\r\n');
    });
    const { error, awakeMs } = await create();
    expect(error).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_NO_META' });
    expect(String(error)).toMatch(/1\.6\.12 is too old.*1\.6\.13.*'binary'/);
    expect(heard).toEqual(['version\r\n']);
    expect(awakeMs).toBeLessThan(200);
  });

  test('that knows no meta commands is refused', async () => {
    await open((line, socket) => void socket.write(line.startsWith('version') ? 'VERSION proxy\r\n' : 'ERROR\r\nERROR\r\n'));
    expect((await create()).error).toMatchObject({ code: 'ERR_GIVEWAY_NO_META', message: expect.stringContaining('meta commands') });
  });

  test('that gives no CAS number in its reply is refused', async () => {
    await open((line, socket) => {
      const opaque = /O\d+/.exec(line)?.[0];
      if (line.startsWith('version')) socket.write('VERSION emulation\r\n');
      else socket.write(line.startsWith('ms') ? `HD ${opaque}\r\n` : `EN ${opaque}\r\n`);
    });
    expect((await create()).error).toMatchObject({ code: 'ERR_GIVEWAY_NO_CAS' });
  });

  test('that does not tell its uptime cannot be put into quarantine', async () => {
    await open((line, socket) => void socket.write(line.startsWith('version') ? 'VERSION proxy\r\n' : 'ERROR\r\n'), { quarantine: true });
    expect((await create()).error).toMatchObject({ message: expect.stringContaining('uptime, which `quarantine` needs') });
  });

  test('that does not know `version`', async () => {
    await open((_line, socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await create()).error).toMatchObject({ message: expect.stringContaining('does not speak') });
  });

  test('that has no room for another connection is heard', async () => {
    await open((_line, socket) => void socket.end('ERROR Too many open connections\r\n'));
    expect((await create()).error).toMatchObject({ message: expect.stringContaining('"ERROR Too many open connections"') });
  });

  test('P4: whose replies are one behind grants nothing: the connection is given up', async () => {
    let connections = 0;
    let late = '';
    await open((line, socket) => {
      if (line.startsWith('version')) {
        connections += 1;
        late = 'HD c9 O0\r\n';
        socket.write('VERSION 1.6.18\r\n');
        return;
      }
      socket.write(late);
      late = `HD c9 ${/O\d+/.exec(line)?.[0]}\r\n`;
    });
    const { error, awakeMs } = await create();
    expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringContaining('does not belong') });
    expect(connections).toBeGreaterThan(1);
    expect(awakeMs).toBeLessThan(700);
  });

  test('that says something unasked is given up', async () => {
    await open((line, socket) => {
      const opaque = /O\d+/.exec(line)?.[0];
      if (line.startsWith('version')) socket.write('VERSION 1.6.18\r\n');
      else socket.write(`HD c5 ${opaque}\r\nHD c6 O9\r\n`);
    });
    const first = (await store.create('giveway:a', 'mine', ttlMs)) as unknown as { epoch: symbol };
    const second = (await store.create('giveway:b', 'mine', ttlMs)) as unknown as { epoch: symbol };
    expect(second.epoch).not.toBe(first.epoch);
  });

  test('after CLIENT_ERROR what follows on that connection is not believed', async () => {
    await open((line, socket) => {
      const opaque = (key: string): string => new RegExp(`${key}.*(O\\d+)`).exec(line)?.[1] ?? '';
      if (line.startsWith('version')) socket.write('VERSION 1.6.18\r\n');
      // Two requests in one piece: the first is refused, and its data block would be read as a command.
      else if (line.includes(':a ') && line.includes(':b ')) socket.write(`CLIENT_ERROR bad data chunk\r\nHD c1 ${opaque(':b')}\r\n`);
      else socket.write(`NS c0 ${opaque(':b')}\r\n`);
    });
    await timed(store.read('giveway:warm'));
    const calls = [store.create('giveway:a', 'mine', ttlMs), store.create('giveway:b', 'mine', ttlMs)];
    const [a, b] = await Promise.all(calls.map(timed));
    expect(a?.error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringContaining('CLIENT_ERROR bad data chunk') });
    expect(b?.value).toBeUndefined();
  });
});
