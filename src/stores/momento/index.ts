import type { LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { closedError } from '../closed.ts';
import { withDeadline } from '../deadlines.ts';
import type { MomentoCallOptions, MomentoGetResponse, MomentoResponse } from './client.ts';
import { isAmbiguous, unavailable } from './errors.ts';
import { givewayLayout, type Layout } from './layout.ts';
import { lockClientLayout } from './lock-client.ts';
import { checkKey, type MomentoStoreOptions, resolveOptions } from './options.ts';

export type { MomentoCallOptions, MomentoClient, MomentoGetResponse, MomentoResponse, MomentoSetOptions } from './client.ts';
export type { MomentoStoreOptions } from './options.ts';

/** The SDK takes TTLs in whole seconds. */
const momentoTraits: StoreTraits = { name: 'momento', ttlGrainMs: 1_000, mayForget: true, durable: false, pushes: false };

const tombstoneSeconds = 1;

/** Names one write: the whole text, which begins with an id of its own. */
interface MomentoVersion extends Version {
  readonly text: string;
}

/** One request. Settles within `withinMs`; `true`: stored. */
type ConditionalSet = (withinMs: number) => Promise<boolean>;

/**
 * Records in a cache of Momento: one request per operation, conditional on the text that is there, on the service's clock.
 *
 * A cache may forget: a lock can end early when the service evicts it. Tested against a stand-in for the service
 * that speaks its wire protocol, not against the live service.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function momentoStore(options: MomentoStoreOptions): LockStore {
  const { client, cacheName, layout: layoutName, timeoutMs, breaker } = resolveOptions(options);
  const layout: Layout = layoutName === 'lock-client' ? lockClientLayout : givewayLayout;
  let closed = false;

  function placeOf(key: string): string {
    if (closed) throw closedError('Momento');
    checkKey(key);
    return layout.place(key);
  }

  async function ask<T extends MomentoResponse>(withinMs: number, call: (options: MomentoCallOptions) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const onTimeout = (): void => controller.abort();
    const response = await withDeadline(call({ abortSignal: controller.signal }), withinMs, `Momento, cache "${cacheName}"`, onTimeout);
    if (response.type === 'Error') throw (response as unknown as { innerException(): unknown }).innerException();
    return response;
  }

  function setIfEqual(key: string, text: string, equal: string, ttl: number): ConditionalSet {
    return async (withinMs) =>
      (await ask(withinMs, (call) => client.setIfEqual(cacheName, key, text, equal, { ...call, ttl }))).type === 'Stored';
  }

  function setIfFree(key: string, text: string, tombstone: string, ttl: number): ConditionalSet {
    return async (withinMs) =>
      (await ask(withinMs, (call) => client.setIfAbsentOrEqual(cacheName, key, text, tombstone, { ...call, ttl }))).type === 'Stored';
  }

  /** Half of the time is for `first`; when its answer is lost, the rest is for `again`. */
  async function twice<T>(first: (withinMs: number) => Promise<T>, again: (withinMs: number) => Promise<T>): Promise<T> {
    try {
      return await first(timeoutMs / 2);
    } catch (error) {
      if (!isAmbiguous(error)) throw unavailable(error, cacheName);
      return again(timeoutMs / 2).catch(() => {
        throw unavailable(error, cacheName);
      });
    }
  }

  /**
   * Sends `set`. When its answer is lost, the same is sent again: if it is refused now, the first may be the reason, and
   * `isThere`, which changes nothing, tells. Conditional writes all three, so that no read from a replica can mislead.
   */
  function write(set: ConditionalSet, isThere: ConditionalSet): Promise<boolean> {
    return twice(set, async (withinMs) => (await set(withinMs / 2)) || isThere(withinMs / 2));
  }

  const store: LockStore = {
    traits: { ...momentoTraits, ...layout.traits },

    async read(key) {
      const place = placeOf(key);
      // Not `get`: the SDK sends that again from a timer, which throws into the void if the client was closed meanwhile.
      const get = (withinMs: number): Promise<MomentoGetResponse> => ask(withinMs, (call) => client.getWithHash(cacheName, place, call));
      const text = (await twice(get, get)).value();
      if (text === undefined || text === layout.released(key)) return undefined;
      const version: MomentoVersion = { text };
      return { value: layout.value(key, text), version };
    },

    async create(key, value, ttlMs) {
      const place = placeOf(key);
      const [text, ttl] = [layout.text(key, value), wholeSeconds(ttlMs)];
      const version: MomentoVersion = { text };
      const isWritten = await write(setIfFree(place, text, layout.released(key), ttl), setIfEqual(place, text, text, ttl));
      return isWritten ? version : undefined;
    },

    async replace(key, value, version, ttlMs) {
      const place = placeOf(key);
      const [text, ttl] = [layout.text(key, value), wholeSeconds(ttlMs)];
      const next: MomentoVersion = { text };
      return (await write(setIfEqual(place, text, textOf(version), ttl), setIfEqual(place, text, text, ttl))) ? next : undefined;
    },

    async remove(key, version) {
      const place = placeOf(key);
      const tombstone = layout.released(key);
      return write(
        setIfEqual(place, tombstone, textOf(version), tombstoneSeconds),
        setIfFree(place, tombstone, tombstone, tombstoneSeconds),
      );
    },

    async close() {
      closed = true;
    },
  };
  return breaker === false ? store : withBreaker(store, breaker);
}

function wholeSeconds(ttlMs: number): number {
  return Math.max(Math.ceil(ttlMs / 1_000), 1);
}

function textOf(version: Version): string {
  return (version as MomentoVersion).text;
}
