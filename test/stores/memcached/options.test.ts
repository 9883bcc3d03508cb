import { describe, expect, test } from '@jest/globals';
import { Client } from 'memjs';
import { parseAddresses } from '../../../src/stores/memcached/addresses.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { type MemcachedSettings, type MemcachedStoreOptions, resolveOptions } from '../../../src/stores/memcached/options.ts';

const names = (servers: string | string[]): string[] => parseAddresses(servers).map(({ name }) => name);
const refusal = (options: unknown): unknown => {
  try {
    memcachedStore(options as MemcachedStoreOptions);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('servers', () => {
  test('are read from a string or an array; the port may be left out', () => {
    expect(names('a:1, b')).toEqual(['a:1', 'b:11211']);
    expect(names(['10.0.0.1:11212', 'cache.example'])).toEqual(['10.0.0.1:11212', 'cache.example:11211']);
  });

  test('IPv6 stands in brackets', () => {
    expect(parseAddresses('[::1]:11212')).toEqual([{ host: '::1', port: 11212, name: '[::1]:11212' }]);
    expect(names('[fe80::1%eth0]')).toEqual(['[fe80::1%eth0]:11211']);
  });

  test.each(['', 'a:0', 'a:65536', 'a:b', '::1', 'memcached://a', 'a b', 'a:1,', 'a:1,a:1', [], [''], [7], '/run/memcached.sock'])(
    'P11: %j is refused',
    (servers) => {
      expect(refusal({ servers })).toMatchObject({ code: 'ERR_GIVEWAY_INVALID_OPTION' });
    },
  );

  test('come from a memjs client, with their credentials', () => {
    const client = Client.create('me:secret@a:1,b:2');
    const { servers } = resolveOptions({ client });
    expect(servers.map(({ address, credentials }) => [address.name, credentials])).toEqual([
      ['a:1', { username: 'me', password: 'secret' }],
      ['b:2', undefined],
    ]);
  });
});

describe('the transport', () => {
  test.each<[MemcachedSettings, object]>([
    [{}, { protocol: 'binary' }],
    [{ tls: false }, { protocol: 'binary' }],
    [{ protocol: 'binary', tls: false }, { protocol: 'binary' }],
    [{ protocol: 'meta' }, { protocol: 'meta', tls: undefined }],
    [{ tls: true }, { protocol: 'meta', tls: { secureContext: expect.anything() } }],
    [
      { protocol: 'meta', tls: { servername: 'b' } },
      { protocol: 'meta', tls: { servername: 'b', secureContext: expect.anything() } },
    ],
  ])('of %j is %j', (options, transport) => {
    expect(resolveOptions({ servers: 'a', ...options }).transport).toEqual(transport);
  });
});

describe('P11: an option that is not allowed is named, before anything is sent', () => {
  test.each<[object, string]>([
    [{}, 'servers'],
    [{ servers: 'a', client: Client.create('a') }, 'servers'],
    [{ client: {} }, 'client'],
    [{ servers: ['a', 'b:'] }, 'servers[1]'],
    [{ servers: 'a', timeoutMs: 0 }, 'timeoutMs'],
    [{ servers: 'a', timeoutMs: 99.5 }, 'timeoutMs'],
    [{ servers: 'a', timeoutMs: '500' }, 'timeoutMs'],
    [{ servers: 'a', verifyRelease: 1 }, 'verifyRelease'],
    [{ servers: 'a', quarantine: 'yes' }, 'quarantine'],
    [{ servers: 'a', quarantine: null }, 'quarantine'],
    [{ servers: 'a', quarantine: {} }, 'quarantine.longestTtlMs'],
    [{ servers: 'a', quarantine: { longestTtlMs: 5 } }, 'quarantine.longestTtlMs'],
    [{ servers: 'a', breaker: { failures: 0 } }, 'breaker.failures'],
    [{ servers: 'a', breaker: { resetMs: 1_000 } }, 'breaker.resetMs'],
    [{ servers: 'a', username: 'me' }, 'password'],
    [{ servers: 'a', password: 'secret' }, 'username'],
    [{ servers: 'a', timeout: 500 }, 'timeout'],
    [{ servers: 'a', protocol: 'text' }, 'protocol'],
    [{ servers: 'a', protocol: null }, 'protocol'],
    [{ servers: 'a', protocol: 'binary', tls: true }, 'protocol'],
    [{ servers: 'a', tls: 'yes' }, 'tls'],
    [{ servers: 'a', tls: null }, 'tls'],
    [{ servers: 'a', tls: { host: 'b' } }, 'tls.host'],
    [{ servers: 'a', tls: { ca: 'text', socket: {} } }, 'tls.socket'],
    [{ servers: 'a', tls: { cert: 'no PEM', key: 'no PEM' } }, 'tls'],
    [{ servers: 'a', tls: { minVersion: 'x' } }, 'tls'],
    [{ servers: 'a', tls: { servername: 5 } }, 'tls.servername'],
  ])('%j', (options, path) => {
    expect(refusal(options)).toMatchObject({ name: 'InvalidOptionError', path });
  });

  test('and credentials are never in the message', () => {
    const refusals = [
      { servers: 'a', username: 'me', passwrd: 'secret' },
      { servers: 'me:secret@a:1' },
      { servers: 'a', username: '', password: 'secret' },
      { servers: 'a', password: 'secret' },
      { servers: 'a', tls: 'secret' },
      { servers: 'a', tls: { key: 'secret', path: 'secret' } },
      { servers: 'a', tls: { key: 'secret', cert: 'secret' } },
    ].map(refusal);
    for (const error of refusals) {
      expect(error).toBeInstanceOf(Error);
      expect(String(error)).not.toContain('secret');
    }
  });
});

test('the credentials that memjs would take from the environment are not used', () => {
  const before = { ...process.env };
  Object.assign(process.env, { MEMCACHIER_USERNAME: 'env', MEMCACHIER_PASSWORD: 'env' });
  try {
    expect(resolveOptions({ servers: 'a' }).servers[0].credentials).toBeUndefined();
  } finally {
    process.env = before;
  }
});
