import { type Response, Utils } from 'memjs';
import type { Exptime } from './exptime.ts';
import type { Reply, Request, Status } from './request.ts';

/**
 * The requests of memcached's binary protocol that a store needs. REPLACE and not SET, though both obey a CAS: a SET that
 * finds no memory deletes what is under the key, whatever its CAS (measured with -M on 1.6.18).
 */
export const opcodes = { get: 0x00, add: 0x02, replace: 0x03, delete: 0x04, append: 0x0e } as const;

const statuses = new Map<number, Status>([
  [0x00, 'ok'],
  [0x01, 'notFound'],
  [0x02, 'exists'],
  [0x05, 'notStored'],
  [0x82, 'outOfMemory'],
]);

/** The first byte of every reply. */
export const replyMagic = 0x81;

const casOffset = 16;

/** The bytes of a request. memjs writes no CAS of its own, so it is put in afterwards. */
export function encode(request: Request, sequence: number): Buffer {
  const extras = 'exptime' in request ? flagsAnd(request.exptime) : '';
  const value = 'value' in request ? request.value : '';
  const bytes = Utils.makeRequestBuffer(opcodes[request.command], request.key, extras, value, sequence);
  if ('cas' in request) bytes.writeBigUInt64BE(request.cas, casOffset);
  return bytes;
}

/** What memjs has parsed, or `undefined` when it is no reply to that request: the stream is out of step. */
export function decode({ header, val }: Response, { command }: Request): Reply | undefined {
  if (header.magic !== replyMagic || header.opcode !== opcodes[command]) return undefined;
  const status = statuses.get(header.status) ?? 'failed';
  const isFailure = status === 'failed' || status === 'outOfMemory';
  const value = isFailure ? `${val} (status 0x${header.status.toString(16).padStart(2, '0')})` : val.toString();
  return { kind: 'reply', status, cas: header.cas.readBigUInt64BE(0), value };
}

function flagsAnd(exptime: Exptime): Buffer {
  const extras = Buffer.alloc(8);
  extras.writeUInt32BE(exptime, 4);
  return extras;
}
