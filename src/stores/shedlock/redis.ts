import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { Entry, LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { Breaker, type BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules, text } from '../check-options.ts';
import { adaptClient } from '../redis/adapt-client.ts';
import { Doubt } from '../redis/call.ts';
import type { RedisClient } from '../redis/client.ts';
import { createRequests } from '../redis/requests.ts';
import { createScript } from '../redis/scripts.ts';
import { addedText, defaultEnvironment, foundIn } from './added.ts';
import { recordText, shedlockTraits, soleHolder } from './holder.ts';

/** Options of `shedlockRedis`. */
export interface ShedlockRedisOptions {
  /** A client, or cluster, of ioredis 5 or later, or of node-redis 4.4 or later. It stays yours: the store never closes it. */
  readonly client: RedisClient;
  /** As ShedLock's `environment`. Default `default`, which is its own. */
  readonly environment?: string;
  /** As ShedLock's `keyPrefix`. Default `job-lock`, which is its own. */
  readonly keyPrefix?: string;
  /** How long one operation may take, in milliseconds, waiting for a connection included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

const rules: OptionRules<ShedlockRedisOptions> = { client: judgedElsewhere, environment: text, keyPrefix: text, ...commonRules };

const traits: StoreTraits = { name: 'shedlock (redis)', ttlGrainMs: 1, mayForget: true, durable: false, ...shedlockTraits };

/** `KEYS[1]` key. What stands there, and for how many milliseconds more. */
const readScript = `return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`;

/** `KEYS[1]` key; `ARGV[1]` text, `[2]` next text, `[3]` ttlMs. 1: written, also by the first of two sends. */
const replaceScript = `
local found = redis.call('GET', KEYS[1])
if found == ARGV[2] then return 1 end
if found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** `KEYS[1]` key; `ARGV[1]` text. 1: removed. The second of two sends says 0. */
const removeScript = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** Names one write: no two write the same text. */
interface TextVersion extends Version {
  readonly text: string;
}

/**
 * Locks under the keys of ShedLock's Redis providers, so that its users and giveway's exclude each other: one request per operation,
 * atomic in a script, on the server's clock. `append` and `read` are taken as `write`; whoever waits polls.
 *
 * giveway never touches a key that is not its own. ShedLock's default (`safeUpdate(false)`) does: what it releases or extends after its
 * own lock has expired is lost to giveway, whose heartbeat then reports `vanished` or `stolen`. Set `safeUpdate(true)` there.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function shedlockRedis(options: ShedlockRedisOptions): LockStore {
  const defaults = { environment: defaultEnvironment, keyPrefix: 'job-lock' };
  const { client, environment, keyPrefix, timeoutMs, breaker } = checkOptions(options, rules, defaults);
  const adapter = adaptClient(client, timeoutMs);
  const requests = createRequests(client, adapter, timeoutMs, breaker === false ? undefined : new Breaker(breaker));
  const keyOf = (name: string): string => `${adapter.keyPrefix}${keyPrefix}:${environment}:${name}`;

  return {
    traits,

    read(name) {
      const key = keyOf(name);
      return requests.begin(key, 'EVAL', [readScript, '1', key], (reply) => {
        const [text, leftMs] = reply as readonly [unknown, unknown];
        return text == null ? undefined : entryIn(String(text), Number(leftMs));
      });
    },

    async create(name, value, ttlMs) {
      const key = keyOf(name);
      const text = addedText(soleHolder(value));
      const version: TextVersion = { text };
      return requests.begin<TextVersion | undefined>(key, 'EVAL', [createScript, '1', key, text, wholeMs(ttlMs)], (reply, isRepeated) => {
        if (reply !== null) return version;
        // It may be ours that is there.
        return isRepeated ? new Doubt((found) => (String(found) === text ? version : undefined)) : undefined;
      });
    },

    async replace(name, value, version, ttlMs) {
      const key = keyOf(name);
      const next: TextVersion = { text: addedText(soleHolder(value)) };
      const args = [replaceScript, '1', key, textOf(version), next.text, wholeMs(ttlMs)];
      return requests.ask(key, 'EVAL', args, (reply) => (Number(reply) === 1 ? next : undefined));
    },

    async remove(name, version) {
      const key = keyOf(name);
      return requests.ask(key, 'EVAL', [removeScript, '1', key, textOf(version)], (reply, isRepeated) => {
        if (Number(reply) === 1 || !isRepeated) return Number(reply) === 1;
        throw new StoreUnavailableError(
          `Redis lost the connection while "${name}" was being released. It is gone: it was released, or had expired`,
        );
      });
    },

    async close() {
      requests.close();
    },
  };
}

/** A text that is neither ours nor ShedLock's is shown as it is, so that the locker takes the key for busy. */
function entryIn(text: string, leftMs: number): Entry {
  const found = foundIn(text);
  const version: TextVersion = { text };
  // A key without an end has -1.
  const until = leftMs < 0 ? Number.POSITIVE_INFINITY : Date.now() + leftMs;
  return { value: found === undefined ? text : recordText({ ...found, until }), version };
}

function textOf(version: Version): string {
  const { text } = version as Partial<TextVersion>;
  if (typeof text === 'string') return text;
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}

/** Redis takes whole milliseconds only, and none below one. */
function wholeMs(ttlMs: number): string {
  return String(Math.ceil(ttlMs));
}
