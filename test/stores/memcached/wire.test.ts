import { describe, expect, test } from '@jest/globals';
import { Utils } from 'memjs';
import { exptimeFor } from '../../../src/stores/memcached/exptime.ts';
import { addRequest, decode, deleteRequest, encode, getRequest, opcodes, setRequest } from '../../../src/stores/memcached/wire.ts';

const cas = 0x0102_0304_0506_0708n;
const exptime = exptimeFor(30_000);

describe('requests', () => {
  test('a SET carries flags, exptime, key, value and CAS', () => {
    const bytes = encode(setRequest('k', 'välue', exptime, cas), 7);
    expect(bytes.toString('hex')).toBe(
      ['80', '01', '0001', '08', '00', '0000', '0000000f', '00000007', '0102030405060708', '00000000', '00000020'].join('') +
        Buffer.from('kvälue').toString('hex'),
    );
  });

  test('a DELETE carries key and CAS, and no extras', () => {
    const bytes = encode(deleteRequest('k', cas), 1);
    expect([bytes[1], bytes[4], bytes.readBigUInt64BE(16), bytes.subarray(24).toString()]).toEqual([opcodes.delete, 0, cas, 'k']);
  });

  test('ADD and GET carry no CAS', () => {
    for (const request of [addRequest('k', 'v', exptime), getRequest('k')]) expect(encode(request, 1).readBigUInt64BE(16)).toBe(0n);
  });
});

describe('replies', () => {
  const replyTo = (opcode: number, magic = 0x81): Buffer => {
    const bytes = encode({ opcode, key: '', extras: Buffer.alloc(4), value: 'text', cas }, 1);
    bytes[0] = magic;
    bytes.writeUInt16BE(0x82, 6);
    return bytes;
  };

  test('status, CAS and value are read', () => {
    expect(decode(Utils.parseMessage(replyTo(opcodes.get)), opcodes.get)).toEqual({ kind: 'reply', status: 0x82, cas, value: 'text' });
  });

  test('a reply to another opcode, or none at all, is out of step', () => {
    expect(decode(Utils.parseMessage(replyTo(opcodes.get)), opcodes.add)).toBeUndefined();
    expect(decode(Utils.parseMessage(replyTo(opcodes.get, 0x2d)), opcodes.get)).toBeUndefined();
  });
});
