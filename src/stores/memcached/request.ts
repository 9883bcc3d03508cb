import type { Exptime } from './exptime.ts';

/**
 * What a store asks of memcached, in no protocol's words. Each is one request and gets one reply.
 *
 * - `get`: the reply carries value and CAS.
 * - `add`: stores only where nothing is. The reply carries the CAS of what was stored, as do those of the next two.
 * - `replace`: writes value and lifetime only over the version `cas`.
 * - `append`: adds `value` to the end of the version `cas` alone, and leaves the lifetime as it is.
 * - `delete`: deletes only the version `cas`. 0n: whatever is there.
 * - `uptime`: for how many seconds the server has been up, as `value`; of no key.
 */
export type Command = 'get' | 'add' | 'replace' | 'append' | 'delete' | 'uptime';

/** All requests have the same shape, whether they need each part or not. */
export interface Request {
  readonly command: Command;
  readonly key: string;
  readonly value: string;
  readonly exptime: Exptime | 0;
  readonly cas: bigint;
}

/** `notStored`: there is nothing to append to, or no room for it. The last two are failures. */
export type Status = 'ok' | 'notFound' | 'exists' | 'notStored' | 'outOfMemory' | 'failed';

export interface Reply {
  readonly kind: 'reply';
  readonly status: Status;
  /** 0n: none. */
  readonly cas: bigint;
  /** What a get has found; of a failure, the server's own words. */
  readonly value: string;
  /** Where the next reply begins. */
  readonly end: number;
}
