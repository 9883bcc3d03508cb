import { randomBytes } from 'node:crypto';
import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { LockStore, StoreNotice, StoreTraits, Version } from '../../lock/store.ts';
import { type BreakerOptions, withBreaker } from '../breaker.ts';
import { adaptClient } from './adapter.ts';
import type { RedisClient } from './client.ts';
import { createListener, type Listener } from './listener.ts';
import { createRequests } from './requests.ts';
import { createScript, removeScript, replaceScript } from './scripts.ts';

/** Options of `redisStore`. */
export interface RedisStoreOptions {
  /** A client, or cluster, of ioredis or node-redis, 5 or later. It stays yours: the store never closes it. */
  readonly client: RedisClient;
  /** First part of every key and of the channel for push. Default none: the locker's namespace keeps keys apart. */
  readonly prefix?: string;
  /** How long one operation may take, in milliseconds, waiting for a connection included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

/** Names one write: the whole text, which begins with an id of its own. */
interface RedisVersion extends Version {
  readonly stored: string;
}

/**
 * Locks in Redis 6.2 or later, or Valkey: one request per operation, atomic in a script, on the server's clock in
 * milliseconds. Waiters hear of a release at once, on one more connection that is opened for the first of them.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function redisStore(options: RedisStoreOptions): LockStore {
  const { client, prefix, timeoutMs, breaker } = checkOptions(options);
  const adapter = adaptClient(client);
  const requests = createRequests(client, adapter, timeoutMs);
  const channel = `${prefix}giveway:changed`;
  const noticeListeners = new Set<(notice: StoreNotice) => void>();
  const listener = createListener(
    (ear) => adapter.openEar(channel, ear),
    (error) => {
      for (const tell of noticeListeners) tell(deafNotice(error, channel));
    },
  );

  async function evaluate(script: string, key: string, ...args: string[]): Promise<{ isDone: boolean; isRepeated: boolean }> {
    const { reply, isRepeated } = await requests.ask(prefix + key, 'EVAL', script, '1', prefix + key, ...args);
    return { isDone: Number(reply) === 1, isRepeated };
  }

  const store: LockStore = {
    traits: traitsOf(listener),

    async read(key) {
      // In capitals: a cluster of ioredis that reads from replicas (`scaleReads`) sends only what it knows, `get`, to one.
      const { reply } = await requests.ask(prefix + key, 'GET', prefix + key);
      if (reply === null || reply === undefined) return undefined;
      const stored = String(reply);
      return { value: valueIn(stored), version: versionOf(stored) };
    },

    async create(key, value, ttlMs) {
      const stored = newText(value);
      const { isDone } = await evaluate(createScript, key, stored, wholeMs(ttlMs));
      return isDone ? versionOf(stored) : undefined;
    },

    async replace(key, value, version, ttlMs) {
      const stored = newText(value);
      const { isDone } = await evaluate(replaceScript, key, textOf(version), stored, wholeMs(ttlMs), channel, key);
      return isDone ? versionOf(stored) : undefined;
    },

    async remove(key, version) {
      const { isDone, isRepeated } = await evaluate(removeScript, key, textOf(version), channel, key);
      if (isDone || !isRepeated) return isDone;
      throw new StoreUnavailableError(
        `Redis lost the connection while "${key}" was being released. It is gone: it was released, or had expired`,
      );
    },

    subscribe: listener.subscribe,

    onNotice(tell) {
      noticeListeners.add(tell);
      return { [Symbol.dispose]: () => void noticeListeners.delete(tell) };
    },

    async close() {
      requests.close();
      listener.close();
    },
  };
  return breaker === false ? store : withBreaker(store, breaker);
}

/** `pushes` is read anew each time: whether the store can listen is known only when somebody has asked. */
function traitsOf(listener: Listener): StoreTraits {
  return {
    name: 'redis',
    ttlGrainMs: 1,
    mayForget: true,
    durable: false,
    get pushes() {
      return !listener.isDeaf;
    },
  };
}

function deafNotice(error: unknown, channel: string): StoreNotice {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'ERR_GIVEWAY_NO_PUSH', message: `Redis does not let this user subscribe to "${channel}", so waiters poll: ${reason}` };
}

function checkOptions({ client, prefix = '', timeoutMs = 1_000, breaker = {}, ...others }: RedisStoreOptions): Required<RedisStoreOptions> {
  const [unknown] = Object.keys(others);
  // Never the value: it may be a password that belongs to the client.
  if (unknown !== undefined) throw new InvalidOptionError(unknown, 'an unknown option', 'client, prefix, timeoutMs, breaker are allowed');
  if (typeof prefix !== 'string') throw new InvalidOptionError('prefix', prefix, 'a string is allowed');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  }
  return { client, prefix, timeoutMs, breaker };
}

/** 128 random bits in front of the value: no two writes store the same text, whatever they write. */
function newText(value: string): string {
  return `${randomBytes(16).toString('base64url')} ${value}`;
}

/** A text without an id is not ours. It is shown as it is, so that the locker takes the key for busy. */
function valueIn(stored: string): string {
  return /^[\w-]{22} /.test(stored) ? stored.slice(23) : stored;
}

function versionOf(stored: string): RedisVersion {
  return { stored };
}

function textOf(version: Version): string {
  const { stored } = version as Partial<RedisVersion>;
  if (typeof stored === 'string') return stored;
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}

/** Redis takes whole milliseconds only, and none below one. */
function wholeMs(ttlMs: number): string {
  return String(Math.ceil(ttlMs));
}
