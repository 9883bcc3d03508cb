import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { exptimeFor } from '../../../src/stores/memcached/exptime.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { decode, encode, isTooOld, readReply, type TextReply } from '../../../src/stores/memcached/meta.ts';
import type { Request } from '../../../src/stores/memcached/request.ts';

const cas = 2n ** 64n - 1n;
const exptime = exptimeFor(30_000);

test.each<[Partial<Request>, string]>([
  [{ command: 'get', key: 'k' }, 'mg k v c O7\r\n'],
  [{ command: 'add', key: 'k', value: 'välue\r\n', exptime }, 'ms k 8 T32 ME c O7\r\nvälue\r\n\r\n'],
  [{ command: 'replace', key: 'k', value: '', exptime, cas }, 'ms k 0 T32 C18446744073709551615 c O7\r\n\r\n'],
  [{ command: 'append', key: 'k', value: 'ä', cas }, 'ms k 2 MA C18446744073709551615 c O7\r\nä\r\n'],
  [{ command: 'delete', key: 'k', cas }, 'md k C18446744073709551615 O7\r\n'],
  [{ command: 'delete', key: 'k', cas: 0n }, 'md k O7\r\n'],
  [{ command: 'uptime' }, 'stats\r\n'],
])('the request %#', (request, text) => {
  expect(encode({ command: 'get', key: '', value: '', exptime: 0, cas: 0n, ...request }, 7)).toBe(text);
});

describe('the bytes of a reply', () => {
  const replies = ['HD c1 O1\r\n', 'VA 8 c2 O2\r\nENväl\r\n\r\n', 'VA 0 c3 O3\r\n\r\n', 'STAT pid 1\r\nSTAT uptime 9\r\nEND\r\n', 'EN\r\n'];
  const bytes = Buffer.from(replies.join(''));

  test('are a line, and the block or the list that belongs to it', () => {
    const read: TextReply[] = [];
    for (let reply = readReply(bytes, 0); reply?.kind === 'text'; reply = readReply(bytes, reply.end)) read.push(reply);
    expect(read.map(({ line }) => line)).toEqual(['HD c1 O1', 'VA 8 c2 O2', 'VA 0 c3 O3', 'STAT pid 1', 'EN']);
    expect(read.map(({ block }) => block)).toEqual(['', 'ENväl\r\n', '', 'STAT pid 1\r\nSTAT uptime 9', '']);
    expect(read.at(-1)?.end).toBe(bytes.length);
  });

  test('are no reply before the last of them has come', () => {
    for (const reply of replies) {
      const whole = Buffer.from(reply);
      for (let length = 0; length < whole.length; length += 1) expect(readReply(whole.subarray(0, length), 0)).toBeUndefined();
      expect(readReply(whole, 0)).toMatchObject({ end: whole.length });
    }
  });
});

describe('what a reply means', () => {
  const decoded = (line: string, command: Request['command'], block = ''): unknown =>
    decode({ kind: 'text', line, block, end: 9 }, { command, key: 'k', value: 'v', exptime, cas }, 7);

  test.each([
    ['VA 4 c18446744073709551615 O7', 'get', { status: 'ok', cas, value: 'text' }],
    ['EN', 'get', { status: 'notFound', cas: 0n }],
    ['EN O7', 'get', { status: 'notFound' }],
    ['HD c12 O7', 'add', { status: 'ok', cas: 12n }],
    ['HD O7 c12', 'replace', { status: 'ok', cas: 12n }],
    ['HD O7', 'add', { status: 'ok', cas: 0n }],
    ['NS c0 O7', 'add', { status: 'exists' }],
    ['EX c0 O7', 'replace', { status: 'exists' }],
    ['NF c0 O7', 'replace', { status: 'notFound' }],
    ['HD c13 O7', 'append', { status: 'ok', cas: 13n }],
    ['EX c0 O7', 'append', { status: 'exists' }],
    ['NS c0 O7', 'append', { status: 'notStored' }],
    ['HD O7', 'delete', { status: 'ok' }],
    ['EX O7', 'delete', { status: 'exists' }],
    ['NF O7', 'delete', { status: 'notFound' }],
    ['SERVER_ERROR out of memory storing object', 'add', { status: 'outOfMemory' }],
    ['SERVER_ERROR object too large for cache', 'replace', { status: 'failed', value: 'SERVER_ERROR object too large for cache' }],
  ] as const)('%s to %s', (line, command, meaning) => {
    expect(decoded(line, command, line.startsWith('VA') ? 'text' : '')).toMatchObject({ kind: 'reply', end: 9, ...meaning });
  });

  test.each([
    ['HD c12 O6', 'add'],
    ['HD c12', 'add'],
    ['EN O6', 'get'],
    ['HD O7', 'get'],
    ['EN O7', 'delete'],
    ['NS O7', 'delete'],
    ['VA 1 O7', 'add'],
    ['STORED', 'add'],
    ['HD cxyz O7', 'add'],
    ['HD c-1 O7', 'add'],
    ['HD c O7', 'add'],
    ['VA 4 O7 c0x1', 'get'],
    ['toString O7', 'get'],
    ['', 'get'],
  ] as const)('"%s" to %s belongs to another request: out of step', (line, command) => {
    expect(decoded(line, command)).toMatchObject({ kind: 'fault', message: expect.stringContaining('does not belong') });
  });

  test('a list of counters holds the uptime, or not', () => {
    expect(decoded('STAT pid 1', 'uptime', 'STAT pid 1\r\nSTAT uptime 9')).toMatchObject({ status: 'ok', value: '9' });
    expect(decoded('STAT pid 1', 'uptime', 'STAT pid 1\r\nSTAT my_uptime 9')).toMatchObject({ status: 'failed' });
    for (const line of ['ERROR', 'END', 'SERVER_ERROR no'])
      expect(decoded(line, 'uptime')).toMatchObject({ status: 'failed', value: line });
    expect(decoded('STAT pid 1', 'get', 'STAT pid 1')).toMatchObject({ kind: 'fault' });
  });

  test('ERROR and CLIENT_ERROR end the connection and the call', () => {
    expect(decoded('ERROR', 'add')).toMatchObject({ kind: 'fault', code: 'ERR_GIVEWAY_NO_META', isFinal: true });
    expect(decoded('CLIENT_ERROR bad data chunk', 'add')).toMatchObject({ kind: 'fault', isFinal: true });
  });
});

test.each([
  ['1.6.12', true],
  ['1.5.22', true],
  ['0.9.99', true],
  ['1.6.13', false],
  ['1.6.18', false],
  ['1.10.0', false],
  ['2.0.0', false],
  ['mcproxy', false],
  ['', false],
])('version "%s" is too old: %p', (version, answer) => {
  expect(isTooOld(version)).toBe(answer);
});

test.each([
  ['VA 1 O1 cxyz', 'v'],
  ['VA abc O1 c7', ''],
  ['VA -5 O1 c7', ''],
  ['VA 0x1 O1 c7', 'v'],
  ['VA  O1 c7', ''],
  ['VA 1 O1 c7', 'too long'],
  ['VA 1 O1 c-1', 'v'],
])('a server that answers "%s" and %j has lost its place: the call is told, and the process lives', async (line, block) => {
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        socket.write(String(chunk).startsWith('version') ? 'VERSION 1.6.18\r\n' : `${line}\r\n${block}\r\n`);
      });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const store = memcachedStore({ servers: `127.0.0.1:${(server.address() as AddressInfo).port}`, protocol: 'meta', timeoutMs: 500 });
  await expect(store.read('key')).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    message: expect.stringContaining('does not belong'),
  });
  await store.close();
  server.close();
});
