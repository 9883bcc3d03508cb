import { InvalidOptionError } from '../../lock/errors.ts';
import type { LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { Breaker } from '../breaker.ts';
import type { Address } from './addresses.ts';
import { begin, type Footing, type Sight, type Task, type Write } from './call.ts';
import type { Credentials } from './connection.ts';
import { type Exptime, exptimeFor } from './exptime.ts';
import { checkKey, checkValue } from './limits.ts';
import { Link, type OpenConnection } from './link.ts';
import { type MemcachedStoreOptions, resolveOptions } from './options.ts';
import { placeOf } from './placement.ts';
import { Quarantine } from './quarantine.ts';
import { watchServerList } from './server-list.ts';
import type { Transport } from './transport.ts';

export type { MemcachedStoreOptions, MemjsClient } from './options.ts';
export type { TlsOptions } from './transport.ts';

const traits: StoreTraits = { name: 'memcached', ttlGrainMs: 1_000, mayForget: true, durable: false, pushes: false, appends: true };

/** A state of a key: its CAS number, the connection on which that number means something, and the value itself. */
interface MemcachedVersion extends Version, Footing {
  readonly value: string;
}

/**
 * Locks in Memcached, over memjs and the binary protocol or, with `protocol: 'meta'` or `tls`, over text commands. Both find
 * the same locks. Loads its transport and connects when first used; an idle store does not keep the process alive.
 *
 * Every call is one request. When a reply is lost (reset, close, timeout), the entry is read back and compared before the
 * call answers, within the same `timeoutMs`; only then it rejects with `StoreUnavailableError`.
 *
 * Memcached may forget: eviction, a restart and `flush_all` free locks early. An entry lives up to 3 s longer than its TTL.
 *
 * @throws InvalidOptionError for options, keys, values and TTLs, before anything is sent.
 */
export function memcachedStore(options: MemcachedStoreOptions): LockStore {
  const { servers, transport, timeoutMs, verifyRelease, quarantineMs, breaker } = resolveOptions(options);
  const links = servers.map(
    ({ address, credentials }) =>
      new Link(address, breaker === false ? undefined : new Breaker(breaker), () => load(transport, address, credentials)),
  );
  const quarantine = quarantineMs === undefined ? undefined : new Quarantine(quarantineMs);
  const serverList = links.length > 1 ? watchServerList(links, timeoutMs) : undefined;

  function linkOf(key: string): Link {
    checkKey(key);
    const link = placeOf(key, links);
    serverList?.check(link);
    return link;
  }

  function exptimeOf(ttlMs: number): Exptime {
    const exptime = exptimeFor(ttlMs);
    quarantine?.noteTtl(ttlMs);
    return exptime;
  }

  /** Only what starts from nothing may be refused by a breaker: a renewal or a release must not be lost to it. */
  function ask(key: string, write: Write | undefined, old: Footing | undefined, resolve: Task['resolve'], reject: Task['reject']): void {
    const link = linkOf(key);
    const refusal = old === undefined ? link.breaker?.refuses() : undefined;
    if (refusal !== undefined) reject(refusal);
    else begin({ link, key, timeoutMs, write, start: verifyRelease ? undefined : old, breaker: link.breaker, resolve, reject });
  }

  // What an executor throws rejects its promise, and each call makes no other.
  return {
    traits,
    read: (key) =>
      new Promise((resolve, reject) => {
        ask(key, undefined, undefined, (found) => resolve(isEntry(found) ? { value: found.value, version: found } : undefined), reject);
      }),
    create: (key, value, ttlMs) =>
      new Promise((resolve, reject) => {
        checkValue(value);
        const to = inOnePiece(value);
        ask(key, { command: 'add', from: undefined, to, text: to, exptime: exptimeOf(ttlMs), quarantine }, undefined, resolve, reject);
      }),
    replace: (key, value, version, ttlMs) =>
      new Promise((resolve, reject) => {
        checkValue(value);
        const old = ownVersion(version);
        const to = inOnePiece(value);
        ask(key, { command: 'replace', from: old.value, to, text: to, exptime: exptimeOf(ttlMs) }, old, resolve, reject);
      }),
    append: (key, text, version) =>
      new Promise((resolve, reject) => {
        checkValue(text, 'text');
        const old = ownVersion(version);
        const to = inOnePiece(old.value + text);
        checkValue(to);
        ask(key, { command: 'append', from: old.value, to, text, exptime: 0 }, old, resolve, reject);
      }),
    remove: (key, version) =>
      new Promise((resolve, reject) => {
        const old = ownVersion(version);
        const write: Write = { command: 'delete', from: old.value, to: undefined, text: '', exptime: 0 };
        ask(key, write, old, (state) => resolve(state !== undefined), reject);
      }),
    onNotice: (listener) => serverList?.onNotice(listener) ?? { [Symbol.dispose]() {} },
    async close() {
      for (const link of links) link.close();
    },
  };
}

/** Only what is used: memjs, or `node:tls` for the other, takes longer to load than all the rest of this module. */
async function load(transport: Transport, address: Address, credentials: Credentials | undefined): Promise<OpenConnection> {
  if (transport.protocol === 'meta') {
    const { openMetaConnection } = await import('./meta-connection.ts');
    return () => openMetaConnection(address, credentials, transport.tls);
  }
  const { openBinaryConnection } = await import('./binary-connection.ts');
  return () => openBinaryConnection(address, credentials);
}

/** A version without a CAS number would be a request without one, which hits whatever is there. */
function ownVersion(version: Version): MemcachedVersion {
  if (typeof (version as Partial<MemcachedVersion>).epoch === 'symbol') return version as MemcachedVersion;
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}

/**
 * The same text. V8 keeps what was put together as its pieces, 850 bytes for a record of 230, until somebody looks at a character
 * of it; and a version keeps its value as long as the lock is held.
 */
function inOnePiece(text: string): string {
  text.charCodeAt(0);
  return text;
}

/** What was found is an entry, and its own version. */
function isEntry(found: Sight | undefined): found is MemcachedVersion {
  return found?.value !== undefined;
}
