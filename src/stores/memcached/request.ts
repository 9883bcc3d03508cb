import type { Exptime } from './exptime.ts';

/** What a store asks of memcached, in no protocol's words. Each is one request and gets one reply. */
export type Request =
  | { readonly command: 'get'; readonly key: string }
  /** Stores only where nothing is. The reply carries the CAS of what was stored. */
  | { readonly command: 'add'; readonly key: string; readonly value: string; readonly exptime: Exptime }
  /** Writes value and lifetime only over the version `cas`, in one step; the reply carries the next one. */
  | { readonly command: 'replace'; readonly key: string; readonly value: string; readonly exptime: Exptime; readonly cas: bigint }
  /** Adds `value` to the end of the version `cas` alone, and leaves the lifetime as it is; the reply carries the next one. */
  | { readonly command: 'append'; readonly key: string; readonly value: string; readonly cas: bigint }
  /** Deletes only the version `cas`, in one step. 0n: whatever is there. */
  | { readonly command: 'delete'; readonly key: string; readonly cas: bigint };

/** `notStored`: there is nothing to append to, or no room for it. The last two are failures. */
export type Status = 'ok' | 'notFound' | 'exists' | 'notStored' | 'outOfMemory' | 'failed';

export interface Reply {
  readonly kind: 'reply';
  readonly status: Status;
  /** 0n: none. */
  readonly cas: bigint;
  /** What a get has found; of a failure, the server's own words. */
  readonly value: string;
}
