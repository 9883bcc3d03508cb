import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type MemcachedStoreOptions, memcachedStore } from '../../../src/stores/memcached/index.ts';
import { mayInstall } from '../../support/install.ts';
import { memcachedServer, type ProcessServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { type Timed, timed } from '../../support/stopwatch.ts';
import { type Certificate, canSpeakTls, certificate, makeCertificate, tlsArgs } from './certificates.ts';

const timeoutMs = 1_000;

async function attempt(options: MemcachedStoreOptions): Promise<Timed<unknown>> {
  const store = memcachedStore({ timeoutMs, ...options });
  const outcome = await timed(store.create('giveway:k', 'mine', 1_000));
  await store.close();
  return outcome;
}

// With GIVEWAY_INSTALL=1 or CI, what is missing is a failure.
const describeOrSkip = canSpeakTls() || mayInstall() ? describe : describe.skip;

describeWith('memcached', () => {
  describeOrSkip('TLS (memcached built with it, and openssl)', () => {
    let own: Certificate;
    let secure: ProcessServer;
    let strict: ProcessServer;
    let plain: ProcessServer;

    beforeAll(async () => {
      own = certificate();
      const [flag = '', dashO = '', settings = ''] = tlsArgs(own);
      const asksForOne = [flag, dashO, `${settings},ssl_verify_mode=2,ssl_ca_cert=${own.certPath}`];
      [secure, strict, plain] = await Promise.all([memcachedServer(tlsArgs(own)), memcachedServer(asksForOne), memcachedServer()]);
    });
    afterAll(() => Promise.all([secure, strict, plain].map((server) => server.stop())));

    test('the name in the certificate is checked against `servers`, which may be a name or an address', async () => {
      for (const servers of [secure.url, `localhost:${secure.port}`]) {
        expect((await attempt({ servers, tls: { ca: own.cert } })).error).toBeUndefined();
      }
    });

    test('an authority that the process does not know is refused, at once, and the message says what to pass', async () => {
      for (const tls of [true, { ca: makeCertificate('IP:127.0.0.1').cert }]) {
        const { error, awakeMs } = await attempt({ servers: secure.url, tls, timeoutMs: 5_000 });
        expect(error).toMatchObject({
          name: 'StoreUnavailableError',
          code: 'ERR_GIVEWAY_STORE_TLS',
          message: expect.stringContaining('`tls.ca`'),
          cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
        });
        expect(awakeMs).toBeLessThan(2_500);
      }
    });

    test('a certificate for another name is refused', async () => {
      const other = makeCertificate('DNS:cache.example');
      const server = await memcachedServer(tlsArgs(other));
      const { error } = await attempt({ servers: server.url, tls: { ca: other.cert } });
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_TLS', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
      expect((await attempt({ servers: server.url, tls: { ca: other.cert, servername: 'cache.example' } })).error).toBeUndefined();
      await server.stop();
    });

    test('a server that asks for a certificate gets it, and says so if there is none', async () => {
      expect((await attempt({ servers: strict.url, tls: { ca: own.cert, cert: own.cert, key: own.key } })).error).toBeUndefined();
      const { error } = await attempt({ servers: strict.url, tls: { ca: own.cert } });
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_TLS', message: expect.stringContaining('tls.cert') });
    });

    test('TLS to a port without it: refused within the deadline, with a hint', async () => {
      const { error, awakeMs } = await attempt({ servers: plain.url, tls: { ca: own.cert } });
      expect(error).toMatchObject({
        name: 'StoreUnavailableError',
        message: expect.stringContaining('does the server speak TLS on this port'),
      });
      expect(awakeMs).toBeLessThan(timeoutMs + 400);
    });

    test('TLS to a port that says nothing: refused at the deadline, with a hint', async () => {
      const silent = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as { port: number };
      const { error } = await attempt({ servers: `127.0.0.1:${port}`, tls: true });
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_TIMEOUT', message: expect.stringContaining('no TLS within 1000 ms') });
      silent.close();
    });

    test.each(['binary', 'meta'] as const)(
      '%s without TLS to a port with it: refused within the deadline, with a hint',
      async (protocol) => {
        const { error, awakeMs } = await attempt({ servers: secure.url, protocol });
        expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringContaining('expects TLS') });
        expect(awakeMs).toBeLessThan(timeoutMs + 400);
      },
    );
  });
});
