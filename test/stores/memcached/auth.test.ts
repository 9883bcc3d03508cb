import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import type { MemcachedSettings } from '../../../src/stores/memcached/options.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { temporaryDirectory } from '../../support/server-process.ts';
import { memcachedServer, type ProcessServer } from '../../support/services.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { type Timed, timed } from '../../support/stopwatch.ts';
import { setStage } from './stage.ts';
import { metaTransport } from './transports.ts';

const [username, password] = ['me', 'a-secret:ü,@'];
/** Long, so that what comes at once is told from what comes at the deadline on a slow machine too. */
const timeoutMs = 5_000;

describeWith('memcached', () => {
  describe('a server with an authentication file (-Y)', () => {
    const directory = temporaryDirectory('auth');
    let server: ProcessServer;
    let proxy: FaultProxy;

    beforeAll(async () => {
      const file = join(directory, 'users');
      writeFileSync(file, `${username}:${password}\n`);
      server = await memcachedServer(['-Y', file]);
      proxy = await startProxy(server, { protocol: 'memcached-text' });
    });
    afterAll(async () => {
      await proxy.close();
      await server.stop();
      rmSync(directory, { recursive: true });
    });

    const refusal = async (options: MemcachedSettings): Promise<Timed<unknown>> => {
      const store = memcachedStore({ servers: proxy.url, protocol: 'meta', timeoutMs, ...options });
      const outcome = await timed(store.create('giveway:k', 'mine', 30_000));
      await store.close();
      return outcome;
    };

    test('lets in who has the password, once per connection', async () => {
      const store = memcachedStore({ servers: proxy.url, protocol: 'meta', username, password, breaker: false });
      proxy.forget();
      const key = `giveway:${uniqueName()}`;
      const version = (await store.create(key, 'mine', 30_000)) as Version;
      const next = (await store.replace(key, 'again', version, 30_000)) as Version;
      expect(proxy.operations).toEqual(['version', 'set', 'version', 'ms', 'ms']);
      proxy.resetConnections();
      expect(await store.remove(key, next)).toBe(true);
      await store.close();
    });

    test('a wrong password is StoreUnavailableError at once, and neither name nor password is in it', async () => {
      const { error, awakeMs } = await refusal({ username: 'somebody', password: 'wrong' });
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_AUTH', message: expect.stringContaining('refused') });
      expect(String(error)).not.toMatch(/somebody|wrong/);
      expect(awakeMs).toBeLessThan(timeoutMs / 2);
    });

    test('no password: the message says what to pass', async () => {
      const { error, awakeMs } = await refusal({});
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_AUTH', message: expect.stringContaining('pass `username` and `password`') });
      expect(awakeMs).toBeLessThan(timeoutMs / 2);
    });
  });

  describe('a server that asks for no credentials', () => {
    const stage = setStage(metaTransport);

    test('does not get them: it would store them for everybody to read', async () => {
      const store = stage.open({ username, password });
      await store.read(stage.freshKey());
      expect(stage.proxy.operations).toEqual(['version', 'mg']);
    });
  });
});
