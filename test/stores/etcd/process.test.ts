import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { etcdServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';

const source = join(__dirname, '../../../src/stores/etcd/index.ts');

describeWith('etcd', (service) => {
  test('a store that was never closed does not keep its process alive, once nobody waits', async () => {
    const script = `
      import { Etcd3 } from 'etcd3';
      import { etcdStore } from ${JSON.stringify(source)};
      const store = etcdStore({ client: new Etcd3({ hosts: process.env.STORE_URL }), timeoutMs: 10_000, prefix: ${JSON.stringify(`${service.prefix}:`)} });
      const version = await store.create('key', 'value', 60_000);
      let subscription;
      await new Promise((resolve) => { subscription = store.subscribe('key', resolve); });
      console.log(await store.remove('key', version));
      subscription[Symbol.dispose]();
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      env: { ...process.env, STORE_URL: service.url },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect({ said, code }).toEqual({ said: 'true\n', code: 0 });
  });

  test('what a server that hangs owes an answer keeps no process alive after close()', async () => {
    const server = await etcdServer();
    const script = `
      import { Etcd3 } from 'etcd3';
      import { etcdStore } from ${JSON.stringify(source)};
      const client = new Etcd3({ hosts: process.env.STORE_URL });
      const store = etcdStore({ client, timeoutMs: 400 });
      const late = etcdStore({ client, timeoutMs: 400 });
      await store.create('key', 'value', 60_000);
      process.kill(${server.pid}, 'SIGSTOP');
      await store.create('another', 'value', 60_000).catch(() => console.log('refused'));
      await store.close();
      const pending = late.read('key').catch(() => console.log('refused'));
      await late.close();
      client.close();
      await pending;
      console.log('closed');
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      env: { ...process.env, STORE_URL: server.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let saidAtMs = 0;
    child.stdout.on('data', () => {
      saidAtMs = performance.now();
    });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(performance.now() - saidAtMs).toBeLessThan(4_000);
    expect({ said, code }).toEqual({ said: 'refused\nrefused\nclosed\n', code: 0 });
    await server.stop();
  });
});
