import { describe, expect, test } from '@jest/globals';
import { Utils } from 'memjs';
import { binary, opcodes } from '../../../src/stores/memcached/binary.ts';
import { exptimeFor } from '../../../src/stores/memcached/exptime.ts';
import { Outbox } from '../../../src/stores/memcached/outbox.ts';
import type { Request } from '../../../src/stores/memcached/request.ts';

const cas = 0x0102_0304_0506_0708n;
const exptime = exptimeFor(30_000);
const get: Request = { command: 'get', key: 'k', value: '', exptime: 0, cas: 0n };

describe('requests', () => {
  const bytesOf = (request: Partial<Request>, number = 1): Buffer => {
    const outbox = new Outbox({ destroyed: false, write() {} });
    binary.write(outbox, { ...get, ...request }, number);
    return outbox.bytes.subarray(0, outbox.begin(0));
  };

  test('a REPLACE carries flags, exptime, key, value and CAS', () => {
    expect(bytesOf({ command: 'replace', value: 'välue', exptime, cas }, 7).toString('hex')).toBe(
      ['80', '03', '0001', '08', '00', '0000', '0000000f', '00000007', '0102030405060708', '00000000', '00000020'].join('') +
        Buffer.from('kvälue').toString('hex'),
    );
  });

  test('an APPEND carries key, text and CAS, and no extras', () => {
    expect(bytesOf({ command: 'append', value: 'töxt', cas }, 7).toString('hex')).toBe(
      ['80', '0e', '0001', '00', '00', '0000', '00000006', '00000007', '0102030405060708'].join('') + Buffer.from('ktöxt').toString('hex'),
    );
  });

  test('a DELETE carries key and CAS, and no extras', () => {
    const bytes = bytesOf({ command: 'delete', cas });
    expect([bytes[1], bytes[4], bytes.readBigUInt64BE(16), bytes.subarray(24).toString()]).toEqual([opcodes.delete, 0, cas, 'k']);
  });

  test('ADD and GET carry no CAS', () => {
    expect(bytesOf({ command: 'add', value: 'v', exptime }).readBigUInt64BE(16)).toBe(0n);
    expect(bytesOf({}).readBigUInt64BE(16)).toBe(0n);
  });

  test('are what memjs writes, byte for byte, whatever stood there before', () => {
    const outbox = new Outbox({ destroyed: false, write() {} });
    outbox.begin(4_000);
    outbox.bytes.fill(0xff);
    const extras = Buffer.from([0, 0, 0, 0, 0, 0, 0, exptime]);
    for (const value of ['', 'text', '\r\n', 'ÿ', '€', '😀'.repeat(300)]) {
      const start = outbox.begin(0);
      binary.write(outbox, { command: 'add', key: 'giveway:k', value, exptime, cas: 0n }, 2 ** 30 - 1);
      expect(outbox.bytes.subarray(start, outbox.begin(0))).toEqual(
        Utils.makeRequestBuffer(opcodes.add, 'giveway:k', extras, value, 2 ** 30 - 1),
      );
    }
  });
});

describe('replies', () => {
  const replyTo = (opcode: number, status = 0, magic = 0x81): Buffer => {
    const bytes = Utils.makeRequestBuffer(opcode, '', Buffer.alloc(4), 'täxt', 1);
    bytes[0] = magic;
    bytes.writeUInt16BE(status, 6);
    bytes.writeBigUInt64BE(cas, 16);
    return bytes;
  };
  const read = (bytes: Buffer, request: Partial<Request> = {}, number = 1): unknown =>
    binary.read(bytes, 0, { ...get, ...request }, number);

  test('status, CAS and value are read, and where the next one begins', () => {
    const bytes = Buffer.concat([Buffer.from('before'), replyTo(opcodes.get), Buffer.from('behind')]);
    const end = bytes.length - 'behind'.length;
    expect(binary.read(bytes, 6, get, 1)).toEqual({ kind: 'reply', status: 'ok', cas, value: 'täxt', end });
  });

  test('are none before the last byte has come', () => {
    const whole = replyTo(opcodes.get);
    for (let length = 0; length < whole.length; length += 1) expect(read(whole.subarray(0, length))).toBeUndefined();
    expect(read(whole)).toBeDefined();
  });

  test.each([
    [0x01, 'notFound'],
    [0x02, 'exists'],
    [0x05, 'notStored'],
  ])('status %p is an answer: %s', (code, status) => {
    expect(read(replyTo(opcodes.get, code))).toMatchObject({ status });
  });

  test.each([
    [0x82, 'outOfMemory', 'täxt (status 0x82)'],
    [0x03, 'failed', 'täxt (status 0x03)'],
    [0x85, 'failed', 'täxt (status 0x85)'],
  ])('status %p is a failure: %s, in the words of the server', (code, status, value) => {
    expect(read(replyTo(opcodes.get, code))).toMatchObject({ status, value });
  });

  test('a server that asks for credentials says so', () => {
    expect(read(replyTo(opcodes.get, 0x20))).toMatchObject({ kind: 'fault', code: 'ERR_GIVEWAY_STORE_AUTH', isFinal: true });
  });

  test('a reply to another opcode or another number, or none at all, is out of step', () => {
    const outOfStep = { kind: 'fault', message: expect.stringContaining('does not belong') };
    expect(read(replyTo(opcodes.get), { command: 'delete' })).toMatchObject(outOfStep);
    expect(read(replyTo(opcodes.get), {}, 2)).toMatchObject(outOfStep);
    expect(read(replyTo(opcodes.get, 0, 0x2d))).toMatchObject(outOfStep);
  });

  describe('to the question for the uptime', () => {
    const counter = (name: string, value: string): Buffer => {
      const bytes = Utils.makeRequestBuffer(opcodes.uptime, name, '', value, 1);
      bytes[0] = 0x81;
      return bytes;
    };
    const packets = [counter('pid', '7'), counter('uptime', '12'), counter('time', '99'), counter('', '')];

    test('are one packet for each counter, up to the empty one', () => {
      const bytes = Buffer.concat([...packets, Buffer.from('behind')]);
      const uptime: Partial<Request> = { command: 'uptime' };
      expect(read(bytes, uptime)).toMatchObject({ status: 'ok', value: '12', end: bytes.length - 'behind'.length });
      for (let length = 0; length < bytes.length - 'behind'.length; length += 1) {
        expect(read(bytes.subarray(0, length), uptime)).toBeUndefined();
      }
    });

    test('may lack it', () => {
      expect(read(Buffer.concat([counter('pid', '7'), counter('', '')]), { command: 'uptime' })).toMatchObject({ status: 'failed' });
    });
  });
});
