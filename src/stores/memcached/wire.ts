import { type Response, Utils } from 'memjs';
import type { Exptime } from './exptime.ts';

/** The requests of memcached's binary protocol that a store needs. */
export const opcodes = { get: 0x00, set: 0x01, add: 0x02, delete: 0x04 } as const;

/** The statuses that say something to a store; every other one is a failure. */
export const statuses = { ok: 0x00, notFound: 0x01, exists: 0x02, tooLarge: 0x03, outOfMemory: 0x82 } as const;

/** One request. `cas` 0n: whatever version is there. */
export interface Request {
  readonly opcode: number;
  readonly key: string;
  readonly extras: Buffer | '';
  readonly value: string;
  readonly cas: bigint;
}

/** One reply. `value` is that of a GET; failed requests have the server's words in it. */
export interface Reply {
  readonly kind: 'reply';
  readonly status: number;
  readonly cas: bigint;
  readonly value: string;
}

const casOffset = 16;

export function getRequest(key: string): Request {
  return { opcode: opcodes.get, key, extras: '', value: '', cas: 0n };
}

/** The reply carries the CAS of what was stored. A CAS makes no sense here: memcached answers "not found". */
export function addRequest(key: string, value: string, exptime: Exptime): Request {
  return { opcode: opcodes.add, key, extras: flagsAnd(exptime), value, cas: 0n };
}

/** Writes value and lifetime only over the version `cas`, in one step. */
export function setRequest(key: string, value: string, exptime: Exptime, cas: bigint): Request {
  return { opcode: opcodes.set, key, extras: flagsAnd(exptime), value, cas };
}

/** Deletes only the version `cas`, in one step. */
export function deleteRequest(key: string, cas: bigint): Request {
  return { opcode: opcodes.delete, key, extras: '', value: '', cas };
}

/** The bytes of a request. memjs writes no CAS of its own, so it is put in afterwards. */
export function encode({ opcode, key, extras, value, cas }: Request, sequence: number): Buffer {
  const bytes = Utils.makeRequestBuffer(opcode, key, extras, value, sequence);
  if (cas !== 0n) bytes.writeBigUInt64BE(cas, casOffset);
  return bytes;
}

/** What memjs has parsed, or `undefined` when it is no reply to that opcode: the stream is out of step. */
export function decode({ header, val }: Response, opcode: number): Reply | undefined {
  if (header.magic !== replyMagic || header.opcode !== opcode) return undefined;
  return { kind: 'reply', status: header.status, cas: header.cas.readBigUInt64BE(0), value: val.toString() };
}

/** The first byte of every reply. */
export const replyMagic = 0x81;

function flagsAnd(exptime: Exptime): Buffer {
  const extras = Buffer.alloc(8);
  extras.writeUInt32BE(exptime, 4);
  return extras;
}
