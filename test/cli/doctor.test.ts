import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { isolationFinding } from '../../src/cli/doctor/database.ts';
import { clockFinding, type Finding } from '../../src/cli/doctor/finding.ts';
import { canSpeakTls, certificate, tlsArgs } from '../stores/memcached/certificates.ts';
import { mayInstall } from '../support/install.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { memcachedServer, type ProcessServer, redisServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { giveway } from './in-process.ts';

jest.setTimeout(60_000);

/** The findings by what was checked, and the exit code. */
async function examine(store: string, ...args: string[]): Promise<{ code: number; findings: Record<string, Finding>; all: Finding[] }> {
  const { code, out, err } = await giveway(['doctor', '--json', '--store', store, ...args]);
  expect(err).toBe('');
  const all = JSON.parse(out) as Finding[];
  return { code, all, findings: Object.fromEntries(all.map((finding) => [finding.check, finding])) };
}

const levels = (findings: readonly Finding[]): string[] => findings.map(({ check, level }) => `${check} ${level}`);

describeWith('memcached', (service) => {
  const servers: ProcessServer[] = [];
  const own = async (...args: string[]): Promise<ProcessServer> => {
    const server = await memcachedServer(args);
    servers.push(server);
    return server;
  };
  afterAll(async () => void (await Promise.all(servers.map((server) => server.stop()))));
  const urlOf = ({ url }: { url: string }): string => `memcached://${url}?timeoutMs=5000`;

  test('plain: everything is well, once it has run for longer than the longest TTL', async () => {
    const server = await own();
    const young = await examine(urlOf(server));
    expect(young.findings['uptime']).toMatchObject({ level: 'warn', remedy: expect.stringContaining('quarantine=true') });
    expect(levels(young.all).filter((line) => !line.endsWith('ok'))).toEqual(['uptime warn']);
    expect(young.code).toBe(0);
    expect(young.findings['version']?.found).toMatch(/^memcached \d+\.\d+/);
    expect(young.findings['eviction']?.found).toContain('temporary_ttl=64');
    expect(young.findings['use']).toMatchObject({ level: 'ok' });
    expect(young.findings['round-trip']?.found).toMatch(/^a read takes \d+\.\d ms; the deadline is 5s$/);
  });

  test('the doctor for people has a line for each finding, and a remedy below', async () => {
    const { code, out } = await giveway(['doctor', '--store', `memcached://${service.url}`]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ok {4}version: memcached \S+: memcached /m);
  });

  test('-C: locks cannot work, and why', async () => {
    const { code, findings } = await examine(urlOf(await own('-C')));
    expect(code).toBe(1);
    expect(findings['cas']).toMatchObject({ level: 'fail', remedy: expect.stringContaining('without -C') });
    expect(findings['use']).toBeUndefined();
  });

  test('-m 1 after evictions: locks may have been evicted; -M and temporary_ttl prevent it', async () => {
    const server = await own('-m', '1', '-I', '256k', '-o', 'slab_chunk_max=128');
    await fill(server.port, 60);
    const { code, findings } = await examine(urlOf(server));
    expect(code).toBe(0);
    expect(findings['eviction']).toMatchObject({ level: 'warn', remedy: expect.stringContaining('temporary_ttl=64') });
    expect(findings['eviction']?.found).toMatch(/^[1-9]\d* evictions since it started, [1-9]\d* of them of keys whose TTL was not over/);
    expect((await examine(urlOf(await own('-M')))).findings['eviction']?.found).toContain('evicts nothing (-M)');
    // Enough for locks, but a fire that is evicted runs twice.
    const short = await examine(urlOf(await own('-o', 'temporary_ttl=60')));
    expect(short.findings['eviction']?.found).toContain('temporary_ttl=64');
    const safe = await examine(urlOf(await own('-o', 'temporary_ttl=64')));
    expect(safe.findings['eviction']?.found).toBe('locks cannot be evicted (temporary_ttl 64 s)');
  });

  test('freshly restarted: it has forgotten its locks', async () => {
    const server = await own();
    await server.restart();
    const { findings } = await examine(urlOf(server));
    expect(findings['uptime']?.found).toMatch(/^restarted \S+ ago, less than the longest TTL \(30s\)/);
  });

  test('not running, and running but stopped, are told apart', async () => {
    const server = await own();
    server.pause();
    const paused = await examine(`memcached://${server.url}?timeoutMs=300`);
    server.resume();
    expect(paused).toMatchObject({
      code: 1,
      findings: { reachable: { level: 'fail', found: expect.stringContaining('says nothing for 300 ms') } },
    });
    await server.kill();
    const dead = await examine(urlOf(server));
    expect(dead).toMatchObject({ code: 1, findings: { reachable: { found: 'nothing listens there (ECONNREFUSED)' } } });
    expect(dead.all).toHaveLength(1);
  });

  test('an authentication file (-Y): examined like others with the password, and told without', async () => {
    const users = join(temporaryDirectory('auth'), 'users');
    writeFileSync(users, 'me:a-secret:ü\n');
    const { url } = await own('-Y', users);
    const { code, findings } = await examine(`memcached://me:a-secret%3A%C3%BC@${url}?protocol=meta`);
    expect({ code, ...findings }).toMatchObject({ code: 0, cas: { level: 'ok' }, uptime: { level: 'warn' }, use: { level: 'ok' } });
    for (const [login, found] of [
      ['', 'it asks for a password in the text protocol (-Y)'],
      ['me:wrong@', 'it refuses user and password'],
    ]) {
      const refused = await examine(`memcached://${login}${url}?protocol=meta`);
      expect(refused).toMatchObject({ code: 1, findings: { protocol: { level: 'fail', found } } });
    }
  });

  test('text commands alone (-B ascii) will do for the meta protocol', async () => {
    const { url } = await own('-B', 'ascii');
    expect(await examine(`memcached://${url}?timeoutMs=5000`)).toMatchObject({
      code: 1,
      findings: { version: { level: 'fail', remedy: expect.stringContaining('protocol=meta') } },
    });
    expect(await examine(`memcached://${url}?timeoutMs=5000&protocol=meta`)).toMatchObject({
      code: 0,
      findings: { version: { level: 'ok' } },
    });
  });

  const testTls = canSpeakTls() || mayInstall() ? test : test.skip;
  testTls('TLS on one side alone, or with a certificate that nobody here trusts, is told as that', async () => {
    const { url } = await own(...tlsArgs(certificate()));
    expect((await examine(`memcached://${url}?timeoutMs=5000`)).findings['protocol']).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('memcacheds:'),
    });
    for (const server of [url, (await own()).url]) {
      const { code, findings } = await examine(`memcacheds://${server}?timeoutMs=5000`);
      expect({ code, ...findings }).toMatchObject({
        code: 1,
        reachable: { level: 'fail', found: expect.stringContaining('no TLS'), remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS') },
      });
    }
  });

  test('several servers: each is examined, and the mapping of keys is shown', async () => {
    const [a, b] = [await own(), await own()];
    const { all, findings } = await examine(`memcached://${a.url},${b.url}?timeoutMs=5000`);
    expect(all.filter(({ check }) => check === 'version').map(({ subject }) => subject)).toEqual([
      `memcached ${a.url}`,
      `memcached ${b.url}`,
    ]);
    expect(findings['placement']?.found).toContain('there is no failover');
  });
});

describeWith('redis', () => {
  let server: ProcessServer;
  beforeAll(async () => {
    server = await redisServer(['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru']);
  });
  afterAll(() => server.stop());

  test('a port that speaks Redis is not taken for memcached', async () => {
    const { code, findings } = await examine(`memcached://127.0.0.1:${server.port}?timeoutMs=5000`);
    expect(code).toBe(1);
    expect(findings['protocol']).toMatchObject({
      level: 'fail',
      found: 'a Redis server answers there',
      remedy: expect.stringContaining('redis://'),
    });
  });

  test('as Redis: version, role, eviction policy, clock', async () => {
    const { code, all, findings } = await examine(`${server.url}?timeoutMs=5000`);
    expect(code).toBe(0);
    expect(levels(all)).toEqual(['version ok', 'role ok', 'eviction warn', 'uptime warn', 'clock ok', 'use ok', 'round-trip ok']);
    expect(findings['eviction']?.remedy).toContain('noeviction');
  });

  test('a user with no more rights than a worker needs: what cannot be seen is a warning, and locks work', async () => {
    const rights = ['+get', '+set', '+del', '+eval', '+publish', '+subscribe'];
    await command(server.port, ['ACL', 'SETUSER', 'worker', 'on', '>secret', '~*', '&*', ...rights]);
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {}); // ioredis misses INFO too
    const { code, all } = await examine(`redis://worker:secret@127.0.0.1:${server.port}?timeoutMs=5000`);
    expect({ code, levels: levels(all) }).toEqual({ code: 0, levels: ['protocol warn', 'use ok', 'round-trip ok'] });
    const refused = await examine(`redis://worker:wrong@127.0.0.1:${server.port}?timeoutMs=5000`);
    expect(refused).toMatchObject({ code: 1, findings: { protocol: { level: 'fail', found: expect.stringContaining('WRONGPASS') } } });
    warn.mockRestore();
  });
});

/** Resolves when Redis has answered. */
function command(port: number, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${words.join(' ')}\r\n`));
    socket.once('error', reject).once('data', (answer) => {
      socket.destroy();
      if (answer.toString() === '+OK\r\n') resolve();
      else reject(new Error(answer.toString()));
    });
  });
}

describeWith('postgres', (service) => {
  test('version, role, table and clock; then the isolation level of the database', async () => {
    const { code, findings } = await examine(service.url, '--database-url', service.url);
    expect(code).toBe(1);
    expect(findings['table']).toMatchObject({ level: 'fail', found: 'there is no table giveway_locks' });
    expect(findings['isolation']?.found).toContain('Postgres, isolation read committed');
    const made = await examine(`${service.url}&createTable=true&timeoutMs=5000`);
    expect(levels(made.all)).toEqual(['version ok', 'role ok', 'table ok', 'clock ok', 'use ok', 'round-trip ok']);
  });

  test('a database that is not there', async () => {
    const { code, findings } = await examine('memory:', '--database-url', 'postgres://u:secret@127.0.0.1:1/x');
    expect(code).toBe(1);
    expect(findings['reachable']).toMatchObject({ level: 'fail', subject: 'database postgres://***@127.0.0.1:1/x' });
    expect(JSON.stringify(findings)).not.toContain('secret');
  });

  test('one that is refused is told in its own words, one that says nothing by how long that was awaited', async () => {
    const none = new URL(service.url);
    none.pathname = '/none';
    expect((await examine(none.href)).findings['reachable']).toMatchObject({ found: 'database "none" does not exist' });
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const found = (await examine(`postgres://u:secret@127.0.0.1:${port}/x`)).findings['reachable'];
    mute.close();
    expect(found).toMatchObject({ level: 'fail', found: 'no connection within 5000 ms' });
  });
});

test('stores that keep nobody out are told', async () => {
  expect(levels((await examine('memory:')).all)).toEqual(['use warn']);
  const { out } = await giveway(['doctor'], { env: { GIVEWAY_DISABLED: '1' } });
  expect(out).toMatch(/^warn {2}use: store none: GIVEWAY_DISABLED is set/);
});

describe('isolation', () => {
  test('Redshift with SNAPSHOT: 1023 cannot occur; with SERIALIZABLE it can', () => {
    expect(isolationFinding({ isRedshift: true, level: 'Snapshot Isolation' }).found).toContain('1023 cannot occur');
    expect(isolationFinding({ isRedshift: true, level: 'Serializable' })).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('1023 can occur'),
    });
  });
});

test('a clock that is off by more than is allowed for is told, with what to do', () => {
  expect(clockFinding('x', -2_500, 5)).toMatchObject({
    level: 'warn',
    found: '3s behind this host, give or take 5ms',
    remedy: expect.stringContaining('NTP'),
  });
  expect(clockFinding('x', 1_900, 5)).toMatchObject({ level: 'ok' });
});

/** Writes so many megabytes, with a TTL, that a server with less must evict. */
async function fill(port: number, megabytes: number): Promise<void> {
  const value = 'x'.repeat(100_000);
  const request = Array.from(
    { length: megabytes * 10 },
    (_, index) => `set filler${index} 0 600 ${value.length} noreply\r\n${value}\r\n`,
  ).join('');
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${request}quit\r\n`));
    socket
      .on('close', () => resolve())
      .on('error', reject)
      .resume();
  });
}
