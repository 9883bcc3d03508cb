import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { freePort } from '../support/free-port.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';

describeWith('memcached', () => {
  let memcached: ProcessServer;
  let port: number;
  let pod: Newcomer;
  beforeAll(async () => {
    memcached = await memcachedServer();
    port = await freePort();
    pod = newcomer('container', { MEMCACHED_SERVERS: memcached.url, PORT: String(port) });
  });
  afterAll(async () => {
    await pod.leaves();
    await memcached.stop();
  });
  const asked = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status;

  test('is ready while its store answers, alive in any case, and lets go when it is told to end', async () => {
    expect(await pod.types('npm install giveway')).toMatchObject({ code: 0 });
    pod.writes('worker.mjs');
    const worker = pod.starts('node worker.mjs');
    await worker.says('working');
    expect([await asked('/ready'), await asked('/live')]).toEqual([200, 200]);

    const other = createLocker({ store: memcachedStore({ servers: memcached.url }), closesStore: true });
    expect(await other.inspect('visits')).toMatchObject([{ job: 'rollup', mode: 'write' }]);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stdout: 'listening\nworking\nclosed\n', stderr: '' });
    expect(await other.inspect('visits')).toEqual([]);
    await other.close();
  });

  test('is not ready while its store is stopped, and alive', async () => {
    const worker = pod.starts('node worker.mjs');
    await worker.says('working');
    memcached.pause();
    expect([await asked('/ready'), await asked('/live')]).toEqual([503, 200]);
    memcached.resume();
    expect(await asked('/ready')).toBe(200);
    worker.kill('SIGTERM');
    await worker.ended;
  });
});
