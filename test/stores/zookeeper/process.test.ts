import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { describeWith } from '../../support/shared.ts';

const source = join(__dirname, '../../../src/stores/zookeeper/index.ts');

test('a server that accepts and says nothing is left by each client, and keeps no process alive after close()', async () => {
  const open = new Set<Socket>();
  let [accepted, most] = [0, 0];
  const server = createServer((socket) => {
    accepted += 1;
    open.add(socket);
    most = Math.max(most, open.size);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.resume();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const script = `
    import zookeeper from 'node-zookeeper-client';
    import { zookeeperStore } from ${JSON.stringify(source)};
    const client = () => zookeeper.createClient(process.env.STORE_URL);
    const store = zookeeperStore({ client, timeoutMs: 100, breaker: false });
    for (let count = 0; count < 15; count++) await store.read('key').catch(() => {});
    await store.close();
    const closedAtOnce = zookeeperStore({ client, timeoutMs: 100 });
    closedAtOnce.read('key').catch(() => {});
    await closedAtOnce.close();
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    env: { ...process.env, STORE_URL: `127.0.0.1:${(server.address() as AddressInfo).port}` },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 15_000,
  });
  const [code] = await once(child, 'exit');
  server.close();
  expect({ code, isAskedAgain: accepted > 3, isLeft: most <= 2 }).toEqual({ code: 0, isAskedAgain: true, isLeft: true });
});

describeWith('zookeeper', (service) => {
  test('a store that was never closed does not keep its process alive', async () => {
    const script = `
      import zookeeper from 'node-zookeeper-client';
      import { zookeeperStore } from ${JSON.stringify(source)};
      const store = zookeeperStore({ client: () => zookeeper.createClient(process.env.STORE_URL), timeoutMs: 10_000, root: '/${service.prefix}' });
      const version = await store.create('key', 'value', 60_000);
      let heard;
      store.subscribe('key', () => heard?.());
      await store.read('key');
      const told = new Promise((resolve) => { heard = resolve; });
      console.log(await store.remove('key', version));
      await Promise.race([told, new Promise((_, reject) => setTimeout(reject, 5_000).unref())]);
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      env: { ...process.env, STORE_URL: service.url },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    // 13: what it waited for at the end did not keep it alive either.
    expect({ said, hasEnded: code === 0 || code === 13 }).toEqual({ said: 'true\n', hasEnded: true });
  });
});
