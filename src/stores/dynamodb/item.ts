import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { LockRecord } from '../../lock/record/record.ts';

/**
 * The item as the Java DynamoDB Lock Client writes and reads it, so that workers in both languages can share a table.
 * `givewayVersion`, `appended` and `expiresAtSeconds` are ours; that client treats them as the caller's additional attributes.
 */
export const attribute = {
  ownerName: 'ownerName',
  leaseDuration: 'leaseDuration',
  recordVersionNumber: 'recordVersionNumber',
  isReleased: 'isReleased',
  data: 'data',
  givewayVersion: 'givewayVersion',
  appended: 'appended',
  expiresAtSeconds: 'expiresAtSeconds',
} as const;

export const released: AttributeValue = { S: '1' };

export type Item = Record<string, AttributeValue>;

/** Names one state of an item. */
export interface ItemState {
  /** Empty if the item has none: then no condition on it can ever hold. */
  readonly recordVersionNumber: string;
  /** What `givewayVersion` says, if giveway wrote this version: the version, and after an append also an id of that append. */
  readonly givewayVersion: string | undefined;
}

/** What we make of an item. */
export interface StoredLock extends ItemState {
  /** Infinity if the item tells none: such an item never dies by observation. */
  readonly leaseMs: number;
  readonly isReleased: boolean;
  readonly ownerName: string;
  readonly data: string;
}

/** How long past its end the table's TTL leaves an item alone: the writer's clock may be wrong by as much. */
export const litterAfterMs = 86_400_000;

export interface ItemToWrite {
  readonly value: string;
  readonly ttlMs: number;
  readonly recordVersionNumber: string;
  readonly ownerName: string;
  /** When the table's TTL may delete it; `undefined`: never. */
  readonly litterAtWallMs: number | undefined;
}

/** The attributes beside the key. */
export function encodeItem({ value, ttlMs, recordVersionNumber, ownerName, litterAtWallMs }: ItemToWrite): Item {
  return {
    [attribute.ownerName]: { S: ownerName },
    [attribute.leaseDuration]: { S: String(ttlMs) },
    [attribute.recordVersionNumber]: { S: recordVersionNumber },
    [attribute.data]: { B: Buffer.from(value, 'utf8') },
    // Bound to the version: another client may replace the version and leave attributes it does not know as they were.
    [attribute.givewayVersion]: { S: recordVersionNumber },
    ...(litterAtWallMs === undefined ? {} : { [attribute.expiresAtSeconds]: { N: String(Math.ceil(litterAtWallMs / 1000)) } }),
  };
}

export function decodeItem(item: Item): StoredLock {
  const recordVersionNumber = item[attribute.recordVersionNumber]?.S ?? '';
  const givewayVersion = givewayVersionIn(item, recordVersionNumber);
  const lease = item[attribute.leaseDuration];
  const leaseMs = Number.parseInt(lease?.S ?? lease?.N ?? '', 10);
  return {
    recordVersionNumber,
    // What has no version cannot be taken over either, since no condition on it holds.
    leaseMs: recordVersionNumber === '' || Number.isNaN(leaseMs) ? Number.POSITIVE_INFINITY : leaseMs,
    isReleased: item[attribute.isReleased]?.S === released.S,
    ownerName: item[attribute.ownerName]?.S ?? '',
    givewayVersion,
    data: Buffer.from(item[attribute.data]?.B ?? []).toString('utf8') + (givewayVersion === undefined ? '' : appendedIn(item)),
  };
}

/** What `givewayVersion` becomes by an append. Version 0.1.0 takes that for an item of a stranger, and leaves it alone. */
export function nextGivewayVersion(recordVersionNumber: string, id: string): string {
  return `${recordVersionNumber}/${id}`;
}

/** Another client may have replaced the version and left what it does not know as it was: then it says nothing about this version. */
function givewayVersionIn(item: Item, recordVersionNumber: string): string | undefined {
  const version = item[attribute.givewayVersion]?.S;
  return recordVersionNumber !== '' && version?.split('/')[0] === recordVersionNumber ? version : undefined;
}

function appendedIn(item: Item): string {
  return (item[attribute.appended]?.L ?? []).map(({ S = '' }) => S).join('');
}

/**
 * The value as the locker sees it. Somebody else's item becomes a record of one writer, so that people are told who holds it.
 * `sinceWallMs` is when we first saw this version: the item itself carries no time.
 */
export function recordText(stored: StoredLock, sinceWallMs: number): string {
  if (stored.givewayVersion !== undefined || stored.recordVersionNumber === '' || stored.leaseMs === Number.POSITIVE_INFINITY)
    return stored.data;
  const record: Pick<LockRecord, 'v' | 'holders'> = {
    v: 1,
    holders: [
      {
        token: stored.recordVersionNumber,
        mode: 'write',
        host: stored.ownerName,
        pid: 0,
        since: sinceWallMs,
        ttlMs: stored.leaseMs,
        until: sinceWallMs + stored.leaseMs,
        beat: 0,
      },
    ],
  };
  return JSON.stringify(record);
}
