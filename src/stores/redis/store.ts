import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { LockStore, StoreNotice, StoreTraits, Version } from '../../lock/store.ts';
import { type BreakerOptions, withBreaker } from '../breaker.ts';
import { adaptClient } from './adapter.ts';
import type { RedisClient } from './client.ts';
import { createListener, type Listener } from './listener.ts';
import { createRequests } from './requests.ts';
import { appendScript, createScript, removeScript, replaceScript } from './scripts.ts';
import { entryIn, isRedisVersion, lengthened, newWrite } from './stored.ts';

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

/**
 * Locks in Redis 6.2 or later, or Valkey: one request per operation, atomic in a script, on the server's clock in
 * milliseconds. Waiters hear of a release at once, on one more connection that is opened for the first of them.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function redisStore(options: RedisStoreOptions): LockStore {
  const { client, prefix, timeoutMs, breaker } = checkOptions(options);
  const adapter = adaptClient(client, timeoutMs);
  const requests = createRequests(client, adapter, timeoutMs);
  const channel = `${prefix}giveway:changed`;
  const noticeListeners = new Set<(notice: StoreNotice) => void>();
  const listener = createListener(
    (ear) => adapter.openEar(channel, ear),
    (error) => {
      for (const tell of noticeListeners) tell(deafNotice(error, channel));
    },
  );

  function evaluate<T>(script: string, key: string, args: string[], conclude: (isDone: boolean, isRepeated: boolean) => T): Promise<T> {
    const sent = ['EVAL', script, '1', prefix + key, ...args];
    return requests.ask(prefix + key, sent, (reply, isRepeated) => conclude(Number(reply) === 1, isRepeated));
  }

  const store: LockStore = {
    traits: traitsOf(listener),

    // In capitals: a cluster of ioredis that reads from replicas (`scaleReads`) sends only what it knows, `get`, to one.
    read: (key) => requests.ask(prefix + key, ['GET', prefix + key], (reply) => (reply == null ? undefined : entryIn(String(reply)))),

    create(key, value, ttlMs) {
      const { stored, version } = newWrite(value);
      return evaluate(createScript, key, [stored, wholeMs(ttlMs)], (isDone) => (isDone ? version : undefined));
    },

    replace(key, value, version, ttlMs) {
      if (!isRedisVersion(version)) return refuse(version);
      const { stored, version: next } = newWrite(value);
      const args = [version.mark, String(version.bytes), stored, wholeMs(ttlMs), channel, key];
      return evaluate(replaceScript, key, args, (isDone) => (isDone ? next : undefined));
    },

    remove(key, version) {
      if (!isRedisVersion(version)) return refuse(version);
      return evaluate(removeScript, key, [version.mark, String(version.bytes), channel, key], (isDone, isRepeated) => {
        if (isDone || !isRepeated) return isDone;
        throw new StoreUnavailableError(
          `Redis lost the connection while "${key}" was being released. It is gone: it was released, or had expired`,
        );
      });
    },

    append(key, text, version) {
      if (!isRedisVersion(version)) return refuse(version);
      const next = lengthened(version, text);
      const args = [version.mark, String(version.bytes), text, String(next.bytes)];
      return evaluate(appendScript, key, args, (isDone) => (isDone ? next : undefined));
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
    appends: true,
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

function refuse(version: Version): Promise<never> {
  return Promise.reject(new InvalidOptionError('version', version, 'a version that this store gave is needed'));
}

/** Redis takes whole milliseconds only, and none below one. */
function wholeMs(ttlMs: number): string {
  return String(Math.ceil(ttlMs));
}
