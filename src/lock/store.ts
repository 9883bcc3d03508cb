/**
 * The port: where records live. A store is a compare-and-swap register with a TTL;
 * everything that makes it a lock is decided by the pure functions beside this file.
 *
 * "No" is a value. A backend that did not answer is a `StoreUnavailableError`. Inside its one deadline a store
 * may resend the same value after an ambiguous reply, and reads back before it answers; it never retries a
 * definite no, never waits for anybody and never logs.
 */
export interface LockStore {
  readonly traits: StoreTraits;
  /** The live entry under `key`, or `undefined`. An expired entry is absent. */
  read(key: string): Promise<Entry | undefined>;
  /** Writes `value` only if `key` is absent. `undefined`: something is there. */
  create(key: string, value: string, ttlMs: number): Promise<Version | undefined>;
  /** Writes `value` and starts a new `ttlMs` only if `key` still is at `version`. `undefined`: it is not. */
  replace(key: string, value: string, version: Version, ttlMs: number): Promise<Version | undefined>;
  /** Removes `key` only if it still is at `version`. `false`: it is not, or it is gone. */
  remove(key: string, version: Version): Promise<boolean>;
  /**
   * Adds `text` to the value's end only if `key` still is at `version`; what is left of the key's life stays as it is.
   * `undefined`: it is not, or it is gone. From then on `version` is an old one, by which `replace` and `remove` say no.
   */
  append?(key: string, text: string, version: Version): Promise<Version | undefined>;
  /**
   * Push: calls `onChange` soon after `key` was removed or replaced by anybody, with what stands there now where the backend
   * says it along. May call too often, never promises to call; an `append` need not be told.
   */
  subscribe?(key: string, onChange: (now?: Entry) => void): Disposable;
  /** Every live entry whose key starts with `prefix`, where the backend can list. */
  list?(prefix: string): AsyncIterable<Listed>;
  /**
   * The token of a lock that comes from another process, where the store keeps tokens masked: by it, it knows that lock's entry from now on.
   * Throws `InvalidOptionError` for what is no token.
   */
  recognize?(token: string): void;
  /** Facts worth an operator's attention: another server list, a restart. */
  onNotice?(listener: (notice: StoreNotice) => void): Disposable;
  /** Lets connections go. Calls under way may fail with `StoreUnavailableError`. */
  close(): Promise<void>;
}

/** What a backend can promise. `storeSuite` checks every claim made here. */
export interface StoreTraits {
  /** Short name of the backend for people: `memcached`, `postgres`. */
  readonly name: string;
  /** The smallest step in which the backend keeps time, in milliseconds. Memcached: 1000. */
  readonly ttlGrainMs: number;
  /** Can the backend drop a live entry by itself: eviction, or a restart without a disk? */
  readonly mayForget: boolean;
  /** Does an acknowledged write survive a crash of the server? */
  readonly durable: boolean;
  /** Does `subscribe` exist and work? */
  readonly pushes: boolean;
  /** Does `append` exist and work? Default false. */
  readonly appends?: boolean;
  /** Is a key the name as it was given: no namespace, no folding, no escaping? So that other lock clients find it. Default false. */
  readonly exactNames?: boolean;
  /** Has an entry room for one holder only? Then `append` and `read` are taken as `write`. Default false. */
  readonly exclusiveOnly?: boolean;
  /**
   * Who judges that an entry has expired. `clock` (the default): the backend, for everybody at once. `observation`: each
   * connection, once it has itself seen the same version for longer than the TTL; so the first look at what a dead holder
   * left finds it alive.
   */
  readonly expiry?: 'clock' | 'observation';
  /** `retry.maxWaitMs` where nobody says otherwise, in milliseconds; read at each call, so it may follow what the store meets. Default: the locker's own, 10 000. */
  readonly usualWaitMs?: number;
}

export interface Entry {
  readonly value: string;
  readonly version: Version;
}

export interface Listed extends Entry {
  readonly key: string;
}

/**
 * Names one state of one key. Opaque: each store puts into it what its compare-and-swap needs.
 * Only the store that made a version can read it.
 */
export interface Version {
  /** A store-wide number that grows with every write but an append, on stores that are durable, and on others that can draw one. */
  readonly fence?: bigint;
}

/** A fact about the backend: stable `code`, a sentence for people. */
export interface StoreNotice {
  readonly code: `ERR_GIVEWAY_${string}`;
  readonly message: string;
}
