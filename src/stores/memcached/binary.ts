import type { Protocol } from './connection.ts';
import { notAuthenticated, outOfStep } from './fault.ts';
import type { Command, Status } from './request.ts';

/**
 * The requests of memcached's binary protocol that a store needs. REPLACE and not SET, though both obey a CAS: a SET that
 * finds no memory deletes what is under the key, whatever its CAS (measured with -M on 1.6.18). Uptime is one of its STATs.
 */
export const opcodes: Readonly<Record<Command, number>> = {
  get: 0x00,
  add: 0x02,
  replace: 0x03,
  append: 0x0e,
  delete: 0x04,
  uptime: 0x10,
};

const ok = 0x00;
const unauthenticated = 0x20;
const statuses = new Map<number, Status>([
  [ok, 'ok'],
  [0x01, 'notFound'],
  [0x02, 'exists'],
  [0x05, 'notStored'],
  [0x82, 'outOfMemory'],
]);

const requestMagic = 0x80;
/** The first byte of every reply. */
export const replyMagic = 0x81;

/** Magic, opcode, length of the key (2 bytes); length of the extras, data type, status (2); length of all that follows; number; CAS. */
const headBytes = 24;
/** Flags, which are never used, and exptime. */
const extrasBytes = 8;

/** Both ends of the protocol. */
export const binary: Protocol = {
  write(outbox, { command, key, value, exptime, cas }, number) {
    const start = outbox.begin(headBytes + extrasBytes + key.length + 3 * value.length);
    const { bytes, view } = outbox;
    let at = start + headBytes;
    if (exptime !== 0) {
      view.setUint32(at, 0);
      view.setUint32(at + 4, exptime);
      at += extrasBytes;
    }
    view.setUint32(start, (requestMagic << 24) | (opcodes[command] << 16) | key.length);
    view.setUint32(start + 4, (at - start - headBytes) << 24);
    at += bytes.write(key + value, at);
    view.setUint32(start + 8, at - start - headBytes);
    view.setUint32(start + 12, number);
    view.setBigUint64(start + 16, cas);
    outbox.push(at);
  },

  read(bytes, start, { command }, number) {
    if (bytes.length - start < headBytes) return undefined;
    const end = start + headBytes + bytes.readUInt32BE(start + 8);
    const isOurs = bytes[start] === replyMagic && bytes[start + 1] === opcodes[command] && bytes.readUInt32BE(start + 12) === number;
    if (!isOurs) return outOfStep();
    if (bytes.length < end) return undefined;
    const code = bytes.readUInt16BE(start + 6);
    if (code === unauthenticated) return notAuthenticated(false);
    if (command === 'uptime' && code === ok) return uptime(bytes, start);
    const status = statuses.get(code) ?? 'failed';
    const cas = bytes.readBigUInt64BE(start + 16);
    let value = '';
    if (status === 'failed' || status === 'outOfMemory') value = `${textOf(bytes, start, end)} (status 0x${hex(code)})`;
    else if (command === 'get' && status === 'ok') value = textOf(bytes, start, end);
    return { kind: 'reply', status, cas, value, end };
  },
};

/** One packet for each counter, and an empty one at the end. */
function uptime(bytes: Buffer, first: number): ReturnType<Protocol['read']> {
  let value = '';
  for (let start = first; bytes.length - start >= headBytes; ) {
    const keyBytes = bytes.readUInt16BE(start + 2);
    const end = start + headBytes + bytes.readUInt32BE(start + 8);
    if (end === start + headBytes) return { kind: 'reply', status: value === '' ? 'failed' : 'ok', cas: 0n, value, end };
    if (bytes.length < end) return undefined;
    if (bytes.toString('latin1', start + headBytes, start + headBytes + keyBytes) === 'uptime') value = textOf(bytes, start, end);
    start = end;
  }
  return undefined;
}

/** What stands behind extras and key. */
function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start + headBytes + bytes.readUInt16BE(start + 2) + bytes.readUInt8(start + 4), end);
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0');
}
