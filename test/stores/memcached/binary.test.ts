import { describe, expect, test } from '@jest/globals';
import { type Response, Utils } from 'memjs';
import { decode, encode, opcodes } from '../../../src/stores/memcached/binary.ts';
import { exptimeFor } from '../../../src/stores/memcached/exptime.ts';
import type { Request } from '../../../src/stores/memcached/request.ts';

const cas = 0x0102_0304_0506_0708n;
const exptime = exptimeFor(30_000);

describe('requests', () => {
  test('a REPLACE carries flags, exptime, key, value and CAS', () => {
    const bytes = encode({ command: 'replace', key: 'k', value: 'välue', exptime, cas }, 7);
    expect(bytes.toString('hex')).toBe(
      ['80', '03', '0001', '08', '00', '0000', '0000000f', '00000007', '0102030405060708', '00000000', '00000020'].join('') +
        Buffer.from('kvälue').toString('hex'),
    );
  });

  test('an APPEND carries key, text and CAS, and no extras', () => {
    const bytes = encode({ command: 'append', key: 'k', value: 'töxt', cas }, 7);
    expect(bytes.toString('hex')).toBe(
      ['80', '0e', '0001', '00', '00', '0000', '00000006', '00000007', '0102030405060708'].join('') + Buffer.from('ktöxt').toString('hex'),
    );
  });

  test('a DELETE carries key and CAS, and no extras', () => {
    const bytes = encode({ command: 'delete', key: 'k', cas }, 1);
    expect([bytes[1], bytes[4], bytes.readBigUInt64BE(16), bytes.subarray(24).toString()]).toEqual([opcodes.delete, 0, cas, 'k']);
  });

  test('ADD and GET carry no CAS', () => {
    expect(encode({ command: 'add', key: 'k', value: 'v', exptime }, 1).readBigUInt64BE(16)).toBe(0n);
    expect(encode({ command: 'get', key: 'k' }, 1).readBigUInt64BE(16)).toBe(0n);
  });
});

describe('replies', () => {
  const get: Request = { command: 'get', key: 'k' };
  const replyTo = (opcode: number, status = 0, magic = 0x81): Response => {
    const bytes = Utils.makeRequestBuffer(opcode, '', Buffer.alloc(4), 'text', 1);
    bytes[0] = magic;
    bytes.writeUInt16BE(status, 6);
    bytes.writeBigUInt64BE(cas, 16);
    return Utils.parseMessage(bytes) as Response;
  };

  test('status, CAS and value are read', () => {
    expect(decode(replyTo(opcodes.get), get)).toEqual({ kind: 'reply', status: 'ok', cas, value: 'text' });
  });

  test.each([
    [0x01, 'notFound'],
    [0x02, 'exists'],
    [0x05, 'notStored'],
  ])('status %p is an answer: %s', (code, status) => {
    expect(decode(replyTo(opcodes.get, code), get)).toMatchObject({ status });
  });

  test.each([
    [0x82, 'outOfMemory', 'text (status 0x82)'],
    [0x03, 'failed', 'text (status 0x03)'],
    [0x85, 'failed', 'text (status 0x85)'],
  ])('status %p is a failure: %s, in the words of the server', (code, status, value) => {
    expect(decode(replyTo(opcodes.get, code), get)).toMatchObject({ status, value });
  });

  test('a reply to another opcode, or none at all, is out of step', () => {
    expect(decode(replyTo(opcodes.get), { command: 'delete', key: 'k', cas })).toBeUndefined();
    expect(decode(replyTo(opcodes.get, 0, 0x2d), get)).toBeUndefined();
  });
});
