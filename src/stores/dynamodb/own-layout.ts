import { randomUUID } from 'node:crypto';
import { hostName } from '../../lock/plan/settings.ts';
import type { Entry, Listed, LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { closedError } from '../closed.ts';
import { randomId } from '../random-id.ts';
import { type Condition, hasPrefix, isAt, isFree, toAppended, toReleased } from './conditions.ts';
import { decodeItem, encodeItem, type Item, type ItemState, litterAfterMs, nextGivewayVersion, recordText } from './item.ts';
import { createObservations, isDead, mostObservations } from './observations.ts';
import { checkKey, type DynamodbSettings } from './options.ts';
import type { Requests } from './requests.ts';

const ownTraits: StoreTraits = {
  name: 'dynamodb',
  ttlGrainMs: 1,
  mayForget: false,
  durable: true,
  pushes: false,
  appends: true,
  expiry: 'observation',
};

type ItemVersion = Version & ItemState;

/** giveway's own records, each in an item that Java clients on the same table respect. */
export function ownLayout(settings: DynamodbSettings, requests: Requests): LockStore {
  const { partitionKeyName, sortKeyName, sortKeyValue = 'giveway', keepReleased, clock } = settings;
  const { ownerName = `${hostName()}:${process.pid}` } = settings;
  const sortKey: Item = sortKeyName === undefined ? {} : { [sortKeyName]: { S: sortKeyValue } };
  const observations = createObservations(mostObservations);
  let closed = false;

  function assertOpen(): void {
    if (closed) throw closedError('DynamoDB');
  }

  function itemKey(key: string): Item {
    assertOpen();
    checkKey(key);
    return { [partitionKeyName]: { S: key }, ...sortKey };
  }

  /** What an answer says about `key`: its entry, or `undefined` for absent, released and observed dead. */
  function look(key: string, item: Item | undefined): Entry | undefined {
    const stored = item && decodeItem(item);
    if (stored === undefined || stored.isReleased) {
      observations.forget(key);
      return undefined;
    }
    const nowMs = clock.monotonicMs();
    const observation = observations.see(key, stored.recordVersionNumber, stored.leaseMs, nowMs);
    if (isDead(observation, nowMs)) return undefined;
    const { recordVersionNumber, givewayVersion } = stored;
    const version: ItemVersion = { recordVersionNumber, givewayVersion };
    return { value: recordText(stored, clock.wallMs() - (nowMs - observation.sinceMs)), version };
  }

  async function put(key: string, value: string, ttlMs: number, condition: Condition): Promise<Version | undefined> {
    // The Java client reads whole milliseconds only.
    const leaseMs = Math.ceil(ttlMs);
    const recordVersionNumber = randomUUID();
    const litterAtWallMs = keepReleased ? undefined : clock.wallMs() + leaseMs + litterAfterMs;
    const item = encodeItem({ value, ttlMs: leaseMs, recordVersionNumber, ownerName, litterAtWallMs });
    const isApplied = (found: Item | undefined): boolean => stateIn(found)?.recordVersionNumber === recordVersionNumber;
    const written = await requests.put({ key: itemKey(key), item, condition, isApplied, showFound: true });
    if (!written.done) {
      look(key, written.found);
      return undefined;
    }
    observations.see(key, recordVersionNumber, leaseMs, clock.monotonicMs());
    const version: ItemVersion = { recordVersionNumber, givewayVersion: recordVersionNumber };
    return version;
  }

  function observedDead(key: string, recordVersionNumber: string): boolean {
    return observations.deadVersion(key, clock.monotonicMs()) === recordVersionNumber;
  }

  return {
    traits: ownTraits,

    async read(key) {
      return look(key, await requests.get(itemKey(key)));
    },

    async create(key, value, ttlMs) {
      return put(key, value, ttlMs, isFree(partitionKeyName, observations.deadVersion(key, clock.monotonicMs())));
    },

    async replace(key, value, version, ttlMs) {
      const state = version as ItemVersion;
      if (observedDead(key, state.recordVersionNumber)) return undefined;
      return put(key, value, ttlMs, isAt(state));
    },

    async remove(key, version) {
      const state = version as ItemVersion;
      // An expired entry is absent, so the answer will be no; what is left of it is taken away all the same.
      const expired = observedDead(key, state.recordVersionNumber);
      const nextVersion = randomUUID();
      const isApplied = (found: Item | undefined): boolean => found === undefined || stateIn(found)?.recordVersionNumber === nextVersion;
      const removal = { key: itemKey(key), isApplied };
      const written = await (keepReleased
        ? requests.update({ ...removal, ...toReleased(state, nextVersion) })
        : requests.delete({ ...removal, condition: isAt(state) }));
      if (written.done) observations.forget(key);
      return written.done && !expired;
    },

    async append(key, text, version) {
      const { recordVersionNumber, givewayVersion } = version as ItemVersion;
      // To what another client wrote nothing can be added: it would not be read as part of that.
      if (givewayVersion === undefined || observedDead(key, recordVersionNumber)) return undefined;
      const nextVersion = nextGivewayVersion(recordVersionNumber, randomId());
      const isApplied = (found: Item | undefined): boolean => stateIn(found)?.givewayVersion === nextVersion;
      const update = toAppended({ recordVersionNumber, givewayVersion }, text, nextVersion);
      const written = await requests.update({ key: itemKey(key), isApplied, ...update });
      const next: ItemVersion = { recordVersionNumber, givewayVersion: nextVersion };
      return written.done ? next : undefined;
    },

    async *list(prefix): AsyncGenerator<Listed> {
      assertOpen();
      let startAt: Item | undefined;
      do {
        const page = await requests.scan(hasPrefix(partitionKeyName, prefix, sortKey), startAt);
        for (const item of page.items) {
          const key = item[partitionKeyName]?.S ?? '';
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

function stateIn(item: Item | undefined): ItemState | undefined {
  return item && decodeItem(item);
}
