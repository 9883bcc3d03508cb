import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import { flag } from '../../lock/plan/options.ts';
import type { LockStore, StoreNotice, StoreTraits, Version } from '../../lock/store.ts';
import { Breaker, type BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules, text } from '../check-options.ts';
import { adaptClient } from './adapt-client.ts';
import type { RedisClient } from './client.ts';
import { createListener, type Listener } from './listener.ts';
import { isCrossSlot, isForbidden } from './replies.ts';
import { createRequests } from './requests.ts';
import { appendScript, removeScript } from './scripts.ts';
import { entryIn, isRedisVersion, lengthened, type RedisVersion } from './stored.ts';
import { fencedWrites, orElse, plainWrites, type Writes } from './writes.ts';

/** Where the last fence is kept, after the prefix. No record's key: names have their colons escaped. */
const lastFenceKey = 'giveway::fence';

/** Options of `redisStore`. */
export interface RedisStoreOptions {
  /** A client, or cluster, of ioredis 5 or later, or of node-redis 4.4 or later. It stays yours: the store never closes it. */
  readonly client: RedisClient;
  /** First part of every key and of the channel for push. Default none: the locker's namespace keeps keys apart. */
  readonly prefix?: string;
  /**
   * Locks have a fence: the server's time in microseconds, but always more than the last. It grows as long as the server's clock
   * does; docs/stores/redis.md says when it does not. Costs more for each acquisition, and a request for each turn within a process.
   * A lock that is let in by a process without them has none, so all that take a table should agree. Default: where the user may draw
   * them, with the notice `ERR_GIVEWAY_NO_FENCE` where not; `true`: a user who may not is refused; `false`: never.
   */
  readonly fences?: boolean;
  /** How long one operation may take, in milliseconds, waiting for a connection included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

const rules: OptionRules<RedisStoreOptions> = { client: judgedElsewhere, prefix: text, fences: flag, ...commonRules };

/**
 * Locks in Redis 6.2 or later, or Valkey: one request per operation, atomic in a script, on the server's clock in
 * milliseconds. Waiters hear of a release at once, on one more connection that is opened for the first of them.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function redisStore(options: RedisStoreOptions): LockStore {
  const { client, prefix, fences, timeoutMs, breaker } = checkOptions(options, rules, { prefix: '' });
  const adapter = adaptClient(client, timeoutMs);
  const requests = createRequests(client, adapter, timeoutMs, breaker === false ? undefined : new Breaker(breaker));
  const keysBeginWith = adapter.keyPrefix + prefix;
  const channel = `${prefix}giveway:changed`;
  const noticeListeners = new Set<(notice: StoreNotice) => void>();
  const tellAll = (notice: StoreNotice): void => {
    for (const tell of noticeListeners) tell(notice);
  };
  const listener = createListener(
    (ear) => adapter.openEar(channel, ear),
    (error) => tellAll(deafNotice(error, channel)),
  );

  const writes = chooseWrites();

  function chooseWrites(): Writes {
    const plain = plainWrites(requests);
    if (fences === false) return plain;
    const byClock = fencedWrites(requests, undefined);
    // A plain client may be connected to a node of a cluster, whose scripts may not touch two slots.
    const withLast = (): Writes => orElse(fencedWrites(requests, `${keysBeginWith}${lastFenceKey}`), byClock, isCrossSlot, () => {});
    const fenced = adapter.isCluster ? byClock : withLast();
    return fences ? fenced : orElse(fenced, plain, isForbidden, (error) => tellAll(noFenceNotice(error)));
  }

  /** Does `script` to what is at `version`. */
  function evaluate<T>(
    script: string,
    key: string,
    { mark, bytes }: RedisVersion,
    more: readonly string[],
    conclude: (isDone: boolean, isRepeated: boolean) => T,
  ): Promise<T> {
    const fullKey = keysBeginWith + key;
    const args = [script, '1', fullKey, mark, String(bytes), ...more];
    return requests.ask(fullKey, 'EVAL', args, (reply, isRepeated) => conclude(Number(reply) === 1, isRepeated));
  }

  return {
    traits: traitsOf(listener),

    // In capitals: a cluster of ioredis that reads from replicas (`scaleReads`) sends only what it knows, `get`, to one.
    read(key) {
      const fullKey = keysBeginWith + key;
      return requests.begin(fullKey, 'GET', [fullKey], (reply) => (reply == null ? undefined : entryIn(String(reply))));
    },

    create: (key, value, ttlMs) => writes.create(keysBeginWith + key, value, wholeMs(ttlMs)),

    replace(key, value, version, ttlMs) {
      if (!isRedisVersion(version)) return refuse(version);
      return writes.replace(keysBeginWith + key, value, version, wholeMs(ttlMs), [channel, key]);
    },

    remove(key, version) {
      if (!isRedisVersion(version)) return refuse(version);
      return evaluate(removeScript, key, version, [channel, key], (isDone, isRepeated) => {
        if (isDone || !isRepeated) return isDone;
        throw new StoreUnavailableError(
          `Redis lost the connection while "${key}" was being released. It is gone: it was released, or had expired`,
        );
      });
    },

    append(key, text, version) {
      if (!isRedisVersion(version)) return refuse(version);
      const next = lengthened(version, text);
      return evaluate(appendScript, key, version, [text, String(next.bytes)], (isDone) => (isDone ? next : undefined));
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

function noFenceNotice(error: unknown): StoreNotice {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'ERR_GIVEWAY_NO_FENCE', message: `Redis does not let this user draw fences, so locks have none: ${reason}` };
}

function refuse(version: Version): Promise<never> {
  return Promise.reject(new InvalidOptionError('version', version, 'a version that this store gave is needed'));
}

/** Redis takes whole milliseconds only, and none below one. */
function wholeMs(ttlMs: number): string {
  return String(Math.ceil(ttlMs));
}
