/** The writes that can let somebody in, without and with a fence. */
import { Doubt } from './call.ts';
import type { Requests } from './requests.ts';
import { createFencedScript, createScript, replaceFencedScript, replaceScript } from './scripts.ts';
import { fencedVersion, isFenced, newUnfenced, newWrite, type RedisVersion } from './stored.ts';

export interface Writes {
  create(fullKey: string, value: string, ttlMs: string): Promise<RedisVersion | undefined>;
  /** `announced`: the channel, and the key's name on it. */
  replace(
    fullKey: string,
    value: string,
    from: RedisVersion,
    ttlMs: string,
    announced: readonly [string, string],
  ): Promise<RedisVersion | undefined>;
}

export function plainWrites(requests: Requests): Writes {
  /** Whoever may not run scripts could take locks and never release them. So the first create on a connection is said by one. */
  let lossesWhenEvaluated = -1;

  return {
    create(fullKey, value, ttlMs) {
      const { stored, version } = newWrite(value);
      const { losses } = requests;
      const isPlain = losses === lossesWhenEvaluated;
      const name = isPlain ? 'SET' : 'EVAL';
      const args = isPlain ? [fullKey, stored, 'PX', ttlMs, 'NX'] : [createScript, '1', fullKey, stored, ttlMs];
      return requests.begin<RedisVersion | undefined>(fullKey, name, args, (reply, isRepeated) => {
        lossesWhenEvaluated = losses;
        if (reply !== null) return version;
        // It may be ours that is there.
        return isRepeated ? new Doubt((found) => (String(found) === stored ? version : undefined)) : undefined;
      });
    },

    replace(fullKey, value, { mark, bytes }, ttlMs, announced) {
      const { stored, version } = newWrite(value);
      const args = [replaceScript, '1', fullKey, mark, String(bytes), stored, ttlMs, ...announced];
      return requests.ask(fullKey, 'EVAL', args, (reply) => (Number(reply) === 1 ? version : undefined));
    },
  };
}

/** `lastKey`: where the last fence is kept. A cluster has no place for it. */
export function fencedWrites(requests: Requests, lastKey: string | undefined): Writes {
  const keysOf = (fullKey: string): readonly string[] => (lastKey === undefined ? ['1', fullKey] : ['2', fullKey, lastKey]);

  return {
    create(fullKey, value, ttlMs) {
      const unfenced = newUnfenced(value);
      const args = [createFencedScript, ...keysOf(fullKey), unfenced, ttlMs];
      return requests.begin<RedisVersion | undefined>(fullKey, 'EVAL', args, (reply, isRepeated) => {
        if (reply !== null) return fencedVersion(String(reply), unfenced);
        return isRepeated ? new Doubt((found) => ownIn(String(found), unfenced)) : undefined;
      });
    },

    replace(fullKey, value, { mark, bytes }, ttlMs, announced) {
      const unfenced = newUnfenced(value);
      const args = [replaceFencedScript, ...keysOf(fullKey), mark, String(bytes), unfenced, ttlMs, ...announced];
      return requests.ask(fullKey, 'EVAL', args, (reply) => (reply === null ? undefined : fencedVersion(String(reply), unfenced)));
    },
  };
}

function ownIn(found: string, unfenced: string): RedisVersion | undefined {
  return isFenced(found, unfenced) ? fencedVersion(found.slice(0, -unfenced.length), unfenced) : undefined;
}

/** `first`, unless the first write shows that it cannot be, since `isBarred(error)`; then `second`, which is told if it can be. */
export function orElse(first: Writes, second: Writes, isBarred: (error: unknown) => boolean, tell: (error: unknown) => void): Writes {
  let chosen: Writes | undefined;

  async function choose<T>(write: (writes: Writes) => Promise<T>): Promise<T> {
    try {
      const answer = await write(first);
      chosen ??= first;
      return answer;
    } catch (error) {
      if (!isBarred(error)) throw error;
      const answer = await write(second);
      if (chosen !== second) tell(error);
      chosen = second;
      return answer;
    }
  }

  return {
    create: (...asked) => (chosen === undefined ? choose((writes) => writes.create(...asked)) : chosen.create(...asked)),
    replace: (...asked) => (chosen === undefined ? choose((writes) => writes.replace(...asked)) : chosen.replace(...asked)),
  };
}
