import { InvalidOptionError } from '../../lock/errors.ts';
import type { LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import type { Address } from './addresses.ts';
import { startCall } from './call.ts';
import { change, type Footing, look, type Write } from './change.ts';
import type { Credentials } from './connection.ts';
import type { Task } from './exchange.ts';
import { type Exptime, exptimeFor } from './exptime.ts';
import { checkKey, checkValue } from './limits.ts';
import { linkTo, type OpenConnection } from './link.ts';
import { type MemcachedStoreOptions, resolveOptions } from './options.ts';
import { placeOf } from './placement.ts';
import { quarantine } from './quarantine.ts';
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
  const links = servers.map(({ address, credentials }) => linkTo(address, () => load(transport, address, credentials)));
  const ward = quarantineMs === undefined ? undefined : quarantine(quarantineMs);
  const serverList = links.length > 1 ? watchServerList(links, timeoutMs) : undefined;

  function begin(key: string): Task {
    checkKey(key);
    const link = placeOf(key, links);
    serverList?.check(link);
    return { link, call: startCall(timeoutMs), key, faults: 0 };
  }

  function exptimeOf(ttlMs: number): Exptime {
    const exptime = exptimeFor(ttlMs);
    ward?.noteTtl(ttlMs);
    return exptime;
  }

  const store: LockStore = {
    traits,
    async read(key) {
      const { cas, epoch, value } = await look(begin(key));
      return value === undefined ? undefined : { value, version: versionOf(cas, epoch, value) };
    },
    async create(key, value, ttlMs) {
      const exptime = exptimeOf(ttlMs);
      checkValue(value);
      const write: Write = { from: undefined, to: value, request: () => ({ command: 'add', key, value, exptime }), admit: ward?.admit };
      const made = await change(begin(key), write);
      return made && versionOf(made.cas, made.epoch, value);
    },
    async replace(key, value, version, ttlMs) {
      const exptime = exptimeOf(ttlMs);
      checkValue(value);
      const old = ownVersion(version);
      const write: Write = { from: old.value, to: value, request: (cas) => ({ command: 'replace', key, value, exptime, cas }) };
      const made = await change(begin(key), write, verifyRelease ? undefined : old);
      return made && versionOf(made.cas, made.epoch, value);
    },
    async remove(key, version) {
      const old = ownVersion(version);
      const write: Write = { from: old.value, to: undefined, request: (cas) => ({ command: 'delete', key, cas }) };
      return (await change(begin(key), write, verifyRelease ? undefined : old)) !== undefined;
    },
    async append(key, text, version) {
      const { value, ...old } = ownVersion(version);
      checkValue(text, 'text');
      const to = value + text;
      checkValue(to);
      const write: Write = { from: value, to, request: (cas) => ({ command: 'append', key, value: text, cas }) };
      const made = await change(begin(key), write, verifyRelease ? undefined : old);
      return made && versionOf(made.cas, made.epoch, to);
    },
    onNotice: (listener) => serverList?.onNotice(listener) ?? { [Symbol.dispose]() {} },
    async close() {
      for (const link of links) link.close();
    },
  };
  return breaker === false ? store : withBreaker(store, { ...breaker, serverOf: (key) => placeOf(key, links).name });
}

/** Only what is used: memjs, or `node:tls` for the other, takes longer to load than all the rest of this module. */
async function load(transport: Transport, address: Address, credentials: Credentials | undefined): Promise<OpenConnection> {
  if (transport.protocol === 'meta') {
    const { openMetaConnection } = await import('./meta-connection.ts');
    return (onFault) => openMetaConnection(address, credentials, transport.tls, onFault);
  }
  const { openBinaryConnection } = await import('./binary-connection.ts');
  return (onFault) => openBinaryConnection(address, credentials, onFault);
}

/** A version without a CAS number would be a request without one, which hits whatever is there. */
function ownVersion(version: Version): MemcachedVersion {
  if (typeof (version as Partial<MemcachedVersion>).epoch === 'symbol') return version as MemcachedVersion;
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}

function versionOf(cas: bigint, epoch: symbol, value: string): MemcachedVersion {
  return { cas, epoch, value };
}
