import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { storeSettingProblem } from '../../src/config/store-setting.ts';
import { hostsOf, parseStoreUrl, type StoreUrl, withoutParameters } from '../../src/config/store-url.ts';
import { redactText, redactUrl } from '../../src/lock/redact.ts';

function parsed(text: string): StoreUrl {
  const url = parseStoreUrl(text);
  if (typeof url === 'string') throw new Error(url);
  return url;
}

describe('parseStoreUrl', () => {
  test('takes several hosts, escaped credentials and parameters apart', () => {
    const url = parsed('Memcached://us%40er:p%3Aa%2Fss@host:11211,[::1]:11212,third?timeoutMs=250&quarantine=true');
    expect(url).toMatchObject({ scheme: 'memcached', username: 'us@er', password: 'p:a/ss', path: '' });
    expect(hostsOf(url, 11_211)).toEqual(['host:11211', '[::1]:11212', 'third:11211']);
    expect([...url.parameters]).toEqual([
      ['timeoutMs', '250'],
      ['quarantine', 'true'],
    ]);
  });

  test.each([
    ['memory:', { scheme: 'memory', authority: '' }],
    ['memory://', { scheme: 'memory', authority: '' }],
    ['momento:cache', { scheme: 'momento', authority: 'cache' }],
    ['dynamodb://table?region=eu-west-1', { scheme: 'dynamodb', authority: 'table' }],
    ['redis://:only@host/0', { username: undefined, password: 'only', path: '/0' }],
    ['memcached://u:a@b@host', { password: 'a@b', authority: 'host' }],
  ])('%s', (text, expected) => {
    expect(parsed(text)).toMatchObject(expected);
  });

  test.each([
    ['hunter2', /a URL such as/],
    ['', /a URL such as/],
    ['memcached://u:hunter2#x@host', /cannot be taken apart; write @ : .* as %40/],
    ['memcached://u:hunter2/x@host', /cannot be taken apart/],
    ['postgres://u:hunter2?x@host', /cannot be taken apart/],
    ['memcached://u:hunter2%x@host', /% is not followed by two hexadecimal digits/],
  ])('%s is a problem that is told without its words', (text, message) => {
    expect(parseStoreUrl(text)).toEqual(expect.stringMatching(message));
    expect(parseStoreUrl(text)).not.toContain('hunter2');
  });

  test('round trip of any credentials', () => {
    const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(word, word, (username, password) => {
        const url = parsed(`memcached://${encodeURIComponent(username)}:${encodeURIComponent(password)}@host`);
        expect(url).toMatchObject({ username, password, authority: 'host' });
      }),
    );
  });

  test('hosts that are none are a problem', () => {
    for (const hosts of ['', 'a,,b', 'a:0', 'a:65536', 'a:b', 'a b', ':11211', 'a,']) {
      expect(hostsOf(parsed(`memcached://${hosts}`), 11_211)).toEqual(expect.stringMatching(/^hosts are written as/));
    }
  });

  test('withoutParameters leaves the rest as it was written', () => {
    expect(withoutParameters(parsed('postgres://u:p%20@h/d?table=x&sslmode=require&listen=false'), ['table', 'listen'])).toBe(
      'postgres://u:p%20@h/d?sslmode=require',
    );
    expect(withoutParameters(parsed('postgres://h/d?table=x'), ['table'])).toBe('postgres://h/d');
    expect(withoutParameters(parsed('postgres://h/d'), ['table'])).toBe('postgres://h/d');
  });
});

describe('storeSettingProblem', () => {
  test.each([
    'memcached://localhost',
    'memcached://u:p@a:1,b:2?timeoutMs=100&verifyRelease=true',
    'memory:',
    'postgres:///events?host=/run/postgresql&table=locks&createTable=true',
    'postgresql://u@h:5432/d?sslmode=require',
    'mysql://u:p@h:3306/d?table=locks&createTable=true&timeoutMs=500&ssl=%7B%7D',
    'mariadb://h/d',
    'redis://h',
    'redis://h/',
    'rediss://h/1',
    'redis://h/1/',
    'redis://h?db=1',
    'redis://:p@h',
    'redis://u:p@h',
    'postgres://:p@h/d',
    'mysql://u@h/d',
    'etcd://u:p@h,[::1]:2379',
    'momento:cache?local=localhost:8080',
    'momento:cache?local=localhost',
    'zookeeper://a,b:2182',
    'dynamodb://table',
    'shedlock+redis://h/1?environment=prod',
    'sqlite:',
    'sqlite:/var/lib/app/locks.db',
    'sqlite:///var/lib/app/100%25.db?timeoutMs=500&flush=true&driver=node:sqlite',
  ])('%s is a store', (text) => {
    expect(storeSettingProblem(text)).toBeUndefined();
  });

  test.each([
    ['memcache://localhost', /no such kind of store \(did you mean "memcached"\?\); allowed: memcached:, /],
    ['oracle://localhost', /^there is no such kind of store; allowed: memcached:/],
    ['mysql:///events', /a host must follow/],
    ['mysql://a,b/events', /one host is allowed/],
    ['memcached://h\n', /^it ends in a line break, as the file of a secret does; take that away$/],
    ['redis://h?prefix=p\n', /^it ends in a line break/],
    ['sqlite:/tmp/y.db\r\n', /^it ends in a line break/],
    ['sqlite:/tmp/y.db ', /^it begins or ends with a blank; take that away$/],
    [' redis://h', /^it begins or ends with a blank/],
    ['\u00a0redis://h', /^it begins or ends with a blank/],
    ['redis://h?pre\tfix=p', /^it holds a control character, such as a line break or a tab$/],
    ['postgres://h/d\u0000?sslmode=x', /^it holds a control character/],
    ['redis://h?prefix=p%0A', /its parameter "prefix" must be text without control characters/],
    ['redis://h?prefix=', /its parameter "prefix" must be text without control characters/],
    ['sqlite:/tmp/y.db%0a', /^its path must be text without control characters/],
    ['etcd://u@h', /a user name and a password belong together/],
    ['etcd://:hunter2@h', /a user name and a password belong together/],
    ['memcached://u:@h', /a user name and a password belong together/],
    ['memcached://:hunter2@h', /a user name and a password belong together/],
    ['shedlock+memcached://u@h', /a user name and a password belong together/],
    ['redis://u@h', /a user name needs a password/],
    ['shedlock+redis://u:@h', /a user name needs a password/],
    ['dynamodb://AKIA:hunter2@table', /this kind takes no user name or password from its URL/],
    ['zookeeper://:hunter2@h', /this kind takes no user name/],
    ['zookeeper://u:hunter2@h', /this kind takes no user name/],
    ['sqlite://u:hunter2@/tmp/x.db', /this kind takes no user name/],
    ['memory://u:hunter2@', /this kind takes no user name/],
    ['momento:u:hunter2@cache', /this kind takes no user name/],
    ['zookeeper://[::1]:2181', /its client knows no IPv6 addresses/],
    ['zookeeper://a:1,[::1]:2181', /its client knows no IPv6 addresses/],
    ['momento:cache?local=[::1]:8080', /"local" must be one host or host:port/],
    ['momento:cache?local=localhost:abc', /"local" must be one host or host:port/],
    ['momento:cache?local=a,b', /"local" must be one host or host:port/],
    ['redis://h?timeoutMs=abc&timeoutMs=500', /one of its parameters stands there twice/],
    ['postgres://h/d?sslmode=require&sslmode=disable', /one of its parameters stands there twice/],
    ['redis://h/locks', /the number of a database may follow the host/],
    ['redis://h/1.5', /the number of a database/],
    ['rediss://h/0x1', /the number of a database/],
    ['redis://h/0/1', /the number of a database/],
    ['redis://h//', /the number of a database/],
    ['redis://h?db=abc', /the number of a database/],
    ['redis://h?db=', /the number of a database/],
    ['redis://h/0?db=1', /once/],
    ['shedlock+redis://h/abc', /the number of a database/],
    ['shedlock+postgres://h/d', /either usingDbTime=true or timeZone=Area\/City/],
    ['shedlock+postgres://h/d?usingDbTime=false', /either usingDbTime=true or timeZone/],
    ['shedlock+postgres://h/d?usingDbTime=true&timeZone=UTC', /either usingDbTime=true or timeZone/],
    ['shedlock+memcached://a,b', /one host is allowed/],
    ['memory:x', /nothing may follow "memory:"/],
    ['memcached://u@h', /a user name and a password belong together/],
    ['memcached://h/0', /nothing but parameters may follow the hosts/],
    [
      'memcached://h?timeout=3',
      /it has no parameter "timeout" \(did you mean "timeoutMs"\?\); allowed: timeoutMs, verifyRelease, quarantine/,
    ],
    ['memcached://h?timeoutMs=1.5', /its parameter "timeoutMs" must be a whole number of milliseconds/],
    ['memcached://h?quarantine=1', /its parameter "quarantine" must be true or false/],
    ['memory:?x=1', /it has no parameter "x"; allowed: none/],
    ['sqlite:locks.db', /the absolute path of a file may follow, after one slash or three/],
    ['sqlite://var/lib/locks.db', /after one slash or three/],
    ['sqlite:/var/lib/', /a file's name is missing/],
    ['sqlite:/var/100%ff.db', /in the path write % as %25/],
    ['sqlite:/var/100%.db', /in the path write % as %25/],
    ['sqlite:?flush=1', /its parameter "flush" must be true or false/],
    ['postgres://user:hunter2', /hosts are written as/],
    ['postgres://h/d?listen=maybe', /"listen" must be true or false/],
    [{}, /a store URL is allowed; in a js or ts config also a store, or a function that opens one/],
    [null, /a store URL is allowed/],
    [{ read() {}, create() {}, replace() {}, remove() {}, close() {} }, /a store URL is allowed/],
  ])('%j is none', (setting, message) => {
    expect(storeSettingProblem(setting)).toMatch(message);
  });
});

describe('redactUrl', () => {
  test.each([
    ['memcached://user:hunter2@a:1,b:2?timeoutMs=3', 'memcached://***@a:1,b:2?timeoutMs=3'],
    ['memcached://u:hunter2@a:1,u:hunter2@b:2', 'memcached://***@b:2'],
    ['postgres://u:hun@ter2@host/db', 'postgres://***@host/db'],
    ['postgres://u:hunter2/x@host/db', 'postgres://***@host/db'],
    ['postgres://u:hunter2?x@host/db', 'postgres://***@host/db'],
    ['postgres://u:hunter2 x@host', 'postgres://***@host'],
    ['postgres://h/db?user=u&password=hunter2&sslmode=require', 'postgres://h/db?user=***&password=***&sslmode=require'],
    ['dynamodb://t?region=eu&secretAccessKey=hunter2', 'dynamodb://t?region=eu&secretAccessKey=***'],
    ['redis://:hunter2', 'redis://:***'],
    ['redis://user:hunter2/0', 'redis://user:***/0'],
    ['memcached://u:p#hunter2', 'memcached://u:***#***'],
    ['user:hunter2@host', '***@host'],
    ['memcached://[::1]:11211,b:11212', 'memcached://[::1]:11211,b:11212'],
    ['memory:', 'memory:'],
    ['momento:cache', 'momento:cache'],
  ])('%s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test('whatever stands between :// and the last @ is gone, from a URL and from a text around it', () => {
    const secret = fc.string({ minLength: 4 }).map((text) => `hunter2${text}`);
    fc.assert(
      fc.property(secret, fc.constantFrom('memcached', 'postgres', 'rediss', 'x+y'), (password, scheme) => {
        expect(redactUrl(`${scheme}://u:${password}@host/x`)).not.toContain('hunter2');
      }),
    );
    expect(redactText('cannot reach "postgres://u:hunter2@h/db" or redis://:hunter2@h')).toBe(
      'cannot reach "postgres://***@h/db" or redis://***@h',
    );
  });

  test.each([
    ['a second parameter in a value', 'http://h/?x=1?token=abc', 'http://h/?x=1?token=***'],
    ['a question mark in a secret', 'http://h/?password=a?b&c=1', 'http://h/?password=***&c=1'],
    ['a mark before a name', 'http://h/?a?password=x', 'http://h/?a?password=***'],
    ['an @ before the scheme', 'me@home: redis://:x@h', 'me@home: redis://***@h'],
    ['two URLs in a line', 'redis://:x@h postgres://u:y@h', 'redis://***@h'],
    ['two lines', 'redis://:x@h\nmail me@home', 'redis://***@h\nmail me@home'],
  ])('text with %s', (_what, text, shown) => expect(redactText(text)).toBe(shown));

  // With the square of the length each would take minutes; `npm run test:linear` looks for more of them.
  test.each(['a://', '?', '?pass', 'a.', "'a://"])('a long text of %j ends soon', (unit) => {
    expect(redactText(unit.repeat(200_000)).length).toBe(unit.length * 200_000);
  });
});
