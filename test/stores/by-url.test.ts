/** Each store as most people open it: by its URL, in a process of its own, which must end by itself and without an uncaught error. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '../support/server-process.ts';
import { etcdServer, redisServer } from '../support/services.ts';
import { describeWith, type Service, uniqueName } from '../support/shared.ts';
import { whereThereIs } from './backends.ts';

const source = join(__dirname, '../../src/config/index.ts');

/** `body` as the whole of a program, with two lockers `a` and `b` in scope. */
function start(storeUrl: string, body: string): ChildProcessByStdio<Writable, Readable, null> {
  const program = `
    import { loadLocker } from ${JSON.stringify(source)};
    const open = () => loadLocker({ env: { GIVEWAY_STORE: process.env.STORE_URL, GIVEWAY_NAMESPACE: process.env.NAMESPACE } });
    const a = await open();
    const b = await open();
    const patient = { retry: { maxWaitMs: 20_000 } };
    const told = (locker, event) => new Promise((resolve) => locker.on(event, resolve));
    ${body}
  `;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    env: { ...process.env, STORE_URL: storeUrl, NAMESPACE: uniqueName() },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  });
}

async function ending(child: ChildProcessByStdio<Writable, Readable, null>): Promise<{ said: string; code: number | null }> {
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { said, code };
}

const urls: readonly (readonly [
  service: 'memcached' | 'redis' | 'postgres' | 'mysql' | 'etcd' | 'zookeeper',
  of: (url: string) => string,
])[] = [
  ['memcached', (url) => `memcached://${url}`],
  ['redis', (url) => url],
  ['postgres', (url) => `${url}&createTable=true`],
  ['mysql', (url) => `${url}?createTable=true&table=${uniqueName()}`],
  ['etcd', (url) => url.replace('http:', 'etcd:')],
  ['zookeeper', (url) => `zookeeper://${url}`],
];

function handsOver(url: () => string): void {
  test('hands over to who waits, and ends also where somebody waits when it is closed', async () => {
    const child = start(
      url(),
      `
        const first = await a.lock('t', patient);
        const bWaits = told(b, 'waiting');
        const handed = b.lock('t', patient);
        await bWaits;
        await first.unlock();
        const second = await handed;
        console.log('handed over');
        const aWaits = told(a, 'waiting');
        const inVain = a.lock('t', patient).catch((error) => console.log(error.code));
        await aWaits;
        await a.close();
        await inVain;
        await second.unlock();
        await b.close();
      `,
    );
    expect(await ending(child)).toEqual({ said: 'handed over\nERR_GIVEWAY_CLOSED\n', code: 0 });
  }, 90_000);
}

describe.each(urls)('%s', (name, of) => {
  describeWith(name, (service: Service) => handsOver(() => of(service.url)));
});

describe('sqlite', () => handsOver(() => `sqlite:${join(temporaryDirectory('by-url'), 'locks.db')}`));

whereThereIs('etcd', () => {
  test('etcd that is killed while somebody waits does not end the process, which locks again once it is back', async () => {
    const server = await etcdServer();
    const child = start(
      server.url.replace('http:', 'etcd:'),
      `
        await a.lock('t', patient);
        const [waits, isDown] = [told(b, 'waiting'), told(b, 'store-down')];
        const waiting = b.lock('t', patient).catch(() => {}); // told of the outage, or lucky
        await waits;
        console.log('waits');
        await isDown;
        console.log('down');
        for await (const nothing of process.stdin);
        await b.lock('another', patient);
        console.log('locked');
        await Promise.all([a.close(), b.close(), waiting]);
      `,
    );
    const ended = ending(child);
    await once(child.stdout, 'data');
    const noticed = once(child.stdout, 'data');
    await server.kill();
    await noticed;
    await server.start();
    child.stdin.end();
    expect(await ended).toEqual({ said: 'waits\ndown\nlocked\n', code: 0 });
    await server.stop();
  }, 120_000);
});

whereThereIs('redis', () => {
  test('redis that hangs keeps no process alive after close()', async () => {
    const server = await redisServer();
    const child = start(
      server.url,
      `
        await a.lock('t', patient);
        process.kill(${server.pid}, 'SIGSTOP');
        await a.close();
        await b.close();
        const closedAtMs = performance.now();
        process.on('exit', () => console.log(performance.now() - closedAtMs < 1_000));
      `,
    );
    expect(await ending(child)).toEqual({ said: 'true\n', code: 0 });
    await server.stop();
  }, 60_000);

  test('rediss:// where nobody speaks TLS says nothing on the console', async () => {
    const server = await redisServer();
    const child = start(
      server.url.replace('redis:', 'rediss:'),
      `
        console.error = (...words) => console.log(...words);
        await a.lock('t', { onStoreDown: 'throw' }).catch((error) => console.log(error.name));
        await Promise.all([a.close(), b.close()]);
      `,
    );
    expect(await ending(child)).toEqual({ said: 'StoreUnavailableError\n', code: 0 });
    await server.stop();
  }, 60_000);
});
