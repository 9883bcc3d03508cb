import type { Entry, Listed, LockStore, StoreTraits, Version } from '../../../lock/store.ts';
import { closedError } from '../../closed.ts';
import { attribute, type Item } from '../item.ts';
import { createObservations, isDead, mostObservations } from '../observations.ts';
import type { DynamodbSettings } from '../options.ts';
import type { Requests } from '../requests.ts';
import { isAsSeen, isFree, isLock, toUpdate } from './conditions.ts';
import { keyPairs } from './key-pairs.ts';
import { carries, changed, changesTo, readItem, type Saying, type Stored } from './stored.ts';
import { createTokens } from './tokens.ts';
import { givenBack, heldValue, keptValue, sayingOf } from './values.ts';

const lockClientTraits = {
  name: 'dynamodb',
  ttlGrainMs: 1,
  mayForget: false,
  durable: true,
  pushes: false,
  expiry: 'observation',
  exactNames: true,
} satisfies StoreTraits;

/** What Java has if nobody says otherwise is 20 s, what a locker has 30 s. */
const usualLeaseMs = 30_000;
/** Who holds with a longer one is not usual: to wait an hour by default would be to hang. */
const longestUsualLeaseMs = 600_000;
/** A dead holder is known a lease after it was first seen; this much later somebody looks again. */
const lookMs = 1_000;

/** More locks than this at once, in one process, and a holder could not know its own entry again. */
const mostTokens = 100_000;

type ItemVersion = Version & { readonly stored: Stored; readonly isDead: boolean };

/**
 * The items of Amazon's DynamoDB Lock Client for Java, attribute by attribute: each side reads the other's owner, data and attributes, and takes what
 * the other released and kept. What a lock record says beside, modes and sharers, is in one attribute of ours.
 *
 * An item that is released, or whose holder is dead, and that carries something, is a record without holders here: it is there, and free. What an item carries
 * is left to whoever put it there: a locker's release gives it back.
 */
export function lockClientLayout(settings: DynamodbSettings, requests: Requests): LockStore {
  const { partitionKeyName, sortKeyName, keepReleased, clock, ownerName } = settings;
  const keyNames = [partitionKeyName, sortKeyName];
  const keys = keyPairs(settings);
  const observations = createObservations(mostObservations);
  const tokens = createTokens(mostTokens);
  let longestLeaseMs = usualLeaseMs;
  let closed = false;

  function assertOpen(): void {
    if (closed) throw closedError('DynamoDB');
  }

  function itemKey(key: string): Item {
    assertOpen();
    return keys.itemKey(keys.pairOf(key));
  }

  function read(item: Item): Stored {
    return readItem(item, keys.shownPair(item), keyNames);
  }

  /** What an answer says about `key`: its entry, or `undefined` for absent, and for observed dead with nothing to keep. */
  function look(key: string, item: Item | undefined): Entry | undefined {
    if (item === undefined) {
      observations.forget(key);
      return undefined;
    }
    const stored = read(item);
    longestLeaseMs = Math.min(longestUsualLeaseMs, Math.max(longestLeaseMs, stored.leaseMs ?? 0));
    if (stored.isReleased) {
      observations.forget(key);
      return entryOf(stored, keptValue(stored), false);
    }
    const nowMs = clock.monotonicMs();
    const of = { owner: stored.ownerName, carries: carries(stored) };
    const seen = observations.see(key, stored.version, stored.leaseMs ?? Number.POSITIVE_INFINITY, nowMs, of);
    if (isDead(seen, nowMs)) return seen.carries ? entryOf(stored, keptValue(stored), true) : undefined;
    const wallMs = (monoMs: number): number => clock.wallMs() - (nowMs - monoMs);
    return entryOf(stored, heldValue(stored, tokens, wallMs(seen.ownerSinceMs), wallMs(seen.sinceMs)), false);
  }

  /** What became of a write of `saying`; `item` is what stands there now if it took effect. */
  function afterWrite(key: string, saying: Saying, item: Item): Version {
    const stored = read(item);
    if (saying.isReleased) observations.forget(key);
    else {
      const of = { owner: stored.ownerName, carries: carries(stored) };
      observations.see(key, saying.version, saying.leaseMs, clock.monotonicMs(), of);
    }
    return { stored, isDead: false } as ItemVersion;
  }

  const isWritten =
    ({ version }: Saying) =>
    (found: Item | undefined): boolean =>
      found?.[attribute.recordVersionNumber]?.S === version;

  /** An expired entry is absent, but for one that was seen so, with what it carries. */
  function isGone(key: string, { stored, isDead: wasDead }: ItemVersion): boolean {
    return !wasDead && !stored.isReleased && observations.deadVersion(key, clock.monotonicMs()) === stored.version;
  }

  async function update(key: string, stored: Stored, saying: Saying): Promise<Version | undefined> {
    const changes = changesTo(stored, saying);
    const written = await requests.update({
      key: itemKey(key),
      isApplied: isWritten(saying),
      ...toUpdate(isAsSeen(stored), changes),
    });
    return written.done ? afterWrite(key, saying, changed(stored.item, changes)) : undefined;
  }

  return {
    traits: {
      ...lockClientTraits,
      get usualWaitMs() {
        return longestLeaseMs + lookMs;
      },
    },

    async read(key) {
      return look(key, await requests.get(itemKey(key)));
    },

    async create(key, value, ttlMs) {
      const saying = sayingOf(value, ttlMs, undefined, tokens, { ownerName, keyNames });
      const { set } = changesTo(undefined, saying);
      const condition = isFree(partitionKeyName, observations.barrenVersion(key, clock.monotonicMs()));
      const written = await requests.put({ key: itemKey(key), item: set, condition, isApplied: isWritten(saying), showFound: true });
      if (written.done) return afterWrite(key, saying, { ...itemKey(key), ...set });
      look(key, written.found);
      return undefined;
    },

    async replace(key, value, version, ttlMs) {
      const seen = version as ItemVersion;
      assertOpen();
      if (isGone(key, seen)) return undefined;
      return update(key, seen.stored, sayingOf(value, ttlMs, seen.stored, tokens, { ownerName, keyNames }));
    },

    async remove(key, version) {
      const seen = version as ItemVersion;
      const { stored } = seen;
      // The answer will be no; what is left is taken away all the same.
      const expired = isGone(key, seen);
      if (!stored.own?.lease && (keepReleased || carries(stored)))
        return (await update(key, stored, givenBack(stored))) !== undefined && !expired;
      const isApplied = (found: Item | undefined): boolean => found === undefined;
      const written = await requests.delete({ key: itemKey(key), condition: isAsSeen(stored), isApplied });
      if (written.done) observations.forget(key);
      return written.done && !expired;
    },

    recognize: tokens.recognize,

    async *list(prefix): AsyncGenerator<Listed> {
      assertOpen();
      let startAt: Item | undefined;
      do {
        const page = await requests.scan(isLock(partitionKeyName, prefix), startAt);
        for (const item of page.items) {
          const key = keys.keyOf(item);
          const entry = look(key, item);
          if (entry !== undefined) yield { key, ...entry };
        }
        startAt = page.next;
      } while (startAt !== undefined);
    },

    async close() {
      closed = true;
    },
  };
}

function entryOf(stored: Stored, value: string, wasDead: boolean): Entry {
  const version: ItemVersion = { stored, isDead: wasDead };
  return { value, version };
}
