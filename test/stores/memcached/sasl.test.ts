import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import type { MemcachedSettings } from '../../../src/stores/memcached/options.ts';
import { mayInstall } from '../../support/install.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { memcachedServer, type ProcessServer } from '../../support/services.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { type Timed, timed } from '../../support/stopwatch.ts';

const [username, password] = ['me', 'a secret: ü,@'];
/** Long, so that what comes at once is told from what comes at the deadline on a slow machine too. */
const timeoutMs = 5_000;

/** Debian has the PLAIN mechanism in a package of its own, which memcached does not depend on. */
function hasPlain(): boolean {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib', ...list('/usr/lib').map((name) => join('/usr/lib', name))];
  return folders.some((folder) => list(join(folder, 'sasl2')).some((name) => name.startsWith('libplain.')));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Stands for saslauthd, the program that a server with SASL asks whether a password is right; memcached and its SASL are
 * real. Four strings come, each after its length; OK or NO goes back.
 */
function startPasswordChecker(path: string): Server {
  return createServer((socket) => {
    socket.once('data', (asked) => {
      const login = asked.subarray(2, 2 + asked.readUInt16BE(0));
      const secret = asked.subarray(4 + login.length, 4 + login.length + asked.readUInt16BE(2 + login.length));
      socket.end(login.toString() === username && secret.toString() === password ? '\0\x02OK' : '\0\x02NO');
    });
  }).listen(path);
}

// With GIVEWAY_INSTALL=1 or CI, what is missing is a failure.
const describeOrSkip = hasPlain() || mayInstall() ? describe : describe.skip;

describeWith('memcached', () => {
  describeOrSkip('a server with SASL (-S; needs Debian’s libsasl2-modules)', () => {
    const directory = mkdtempSync(join(tmpdir(), 'giveway-sasl-'));
    let checker: Server;
    let server: ProcessServer;
    let proxy: FaultProxy;

    beforeAll(async () => {
      checker = startPasswordChecker(join(directory, 'mux'));
      writeFileSync(join(directory, 'memcached.conf'), `mech_list: plain\npwcheck_method: saslauthd\nsaslauthd_path: ${directory}/mux\n`);
      process.env['SASL_CONF_PATH'] = directory;
      server = await memcachedServer(['-S']);
      delete process.env['SASL_CONF_PATH'];
      proxy = await startProxy(server);
    });
    afterAll(async () => {
      await proxy.close();
      await server.stop();
      checker.close();
      rmSync(directory, { recursive: true });
    });

    const refusal = async (options: MemcachedSettings): Promise<Timed<unknown>> => {
      const store = memcachedStore({ servers: proxy.url, timeoutMs, ...options });
      const outcome = await timed(store.create('giveway:k', 'mine', 30_000));
      await store.close();
      return outcome;
    };

    test('lets in who has the password: two requests more, once per connection', async () => {
      const store = memcachedStore({ servers: proxy.url, username, password });
      proxy.forget();
      const key = `giveway:${uniqueName()}`;
      const version = (await store.create(key, 'mine', 30_000)) as Version;
      expect(await store.remove(key, version)).toBe(true);
      expect(proxy.requests).toBe(4);
      expect(proxy.operations.slice(2)).toEqual(['add', 'delete']);
      await store.close();
    });

    test('and again after a fault', async () => {
      const store = memcachedStore({ servers: proxy.url, username, password, breaker: false });
      const key = `giveway:${uniqueName()}`;
      const version = (await store.create(key, 'mine', 30_000)) as Version;
      proxy.resetConnections();
      expect(await store.remove(key, version)).toBe(true);
      await store.close();
    });

    test('a wrong password is StoreUnavailableError at once, and neither name nor password is in it', async () => {
      const { error, awakeMs } = await refusal({ username: 'somebody', password: 'wrong' });
      expect(error).toMatchObject({
        name: 'StoreUnavailableError',
        code: 'ERR_GIVEWAY_STORE_AUTH',
        message: expect.stringContaining('refused'),
      });
      expect(String(error)).not.toMatch(/somebody|wrong/);
      expect(awakeMs).toBeLessThan(timeoutMs / 2);
    });

    test('no password: the message says what to pass', async () => {
      const { error, awakeMs } = await refusal({});
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_AUTH', message: expect.stringContaining('pass `username` and `password`') });
      expect(awakeMs).toBeLessThan(timeoutMs / 2);
    });

    test('a connection that breaks during the exchange ends the call at once', async () => {
      proxy.closeAfterApply();
      const { error, awakeMs } = await refusal({ username, password });
      expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringContaining('the connection broke') });
      expect(awakeMs).toBeLessThan(timeoutMs / 2);
    });
  });
});
