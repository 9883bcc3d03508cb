import { InvalidOptionError } from '../../lock/errors.ts';
import { decodeRecord, type Entrant } from '../../lock/record/record.ts';
import type { Layout } from './layout.ts';

/** An item of Momento's drop-in for the DynamoDB Lock Client, as its source has it: the JSON under `pk`, or `pk_sk`. */
interface Item {
  readonly owner: string;
  /** In milliseconds. */
  readonly leaseDuration: number;
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** Base64. */
  readonly data?: string;
}

/** The part of a lease, as `giveway/leases` writes it beside the holders, that an item has room for. */
interface Lease {
  readonly ownerName: string;
  readonly data?: string;
  readonly dataBase64?: string;
  readonly attributes: object;
}

/** Nobody has this name: an item of it is a key that was just released. */
const nobody = 'nobody (released)';
const releasedMs = 1_000;

/** Behind the owner's name in items of ours: what tells one acquisition, and one write, from another. */
const mark = / \(giveway ([0-9a-f]{32}, since (\S+), write (\d+))\)$/;

/**
 * Each item is one holder, who may carry data. A key stands for a partition key, with a sort key behind U+0000 if there is one. What the
 * layout has no room for is refused: a kept release, attributes, a second holder.
 */
export const lockClientLayout: Layout = {
  traits: { name: 'momento (lock-client)', exactNames: true, exclusiveOnly: true },

  place(key) {
    const { partitionKey, sortKey } = partsOf(key);
    return sortKey === undefined ? partitionKey : `${partitionKey}_${sortKey}`;
  },

  // A Java client that looks meanwhile must be able to read it: it finds the key held for a moment more.
  released: (key) => encode({ owner: nobody, leaseDuration: releasedMs, ...partsOf(key) }),

  text(key, value) {
    const record = decodeRecord(value);
    const [holder, other] = record?.holders ?? [];
    const lease = (record as { readonly lease?: Lease } | undefined)?.lease;
    if (record === undefined || holder === undefined || other !== undefined || record.line.length > 0)
      throw new InvalidOptionError(
        'value',
        value,
        "a record of one holder is allowed: the layout of Momento's lock client keeps nothing else",
      );
    if (Object.keys(lease?.attributes ?? {}).length > 0)
      throw new InvalidOptionError('additionalAttributes', lease?.attributes, "none is allowed in the layout of Momento's lock client");
    const data = lease?.dataBase64 ?? (lease?.data === undefined ? undefined : Buffer.from(lease.data).toString('base64'));
    return encode({
      owner: `${lease?.ownerName ?? holder.host} (giveway ${holder.token}, since ${new Date(holder.since).toISOString()}, write ${holder.beat})`,
      leaseDuration: Math.ceil(holder.ttlMs),
      ...partsOf(key),
      ...(data === undefined ? {} : { data }),
    });
  },

  value(_, text) {
    const item = itemIn(text);
    return item === undefined ? text : recordOf(item);
  },
};

function partsOf(key: string): Pick<Item, 'partitionKey' | 'sortKey'> {
  const at = key.indexOf('\u0000');
  return at === -1 ? { partitionKey: key } : { partitionKey: key.slice(0, at), sortKey: key.slice(at + 1) };
}

function encode({ owner, leaseDuration, partitionKey, sortKey, data }: Item): string {
  return JSON.stringify({ owner, leaseDuration, partitionKey, sortKey, data });
}

function itemIn(text: string): Item | undefined {
  try {
    const item = JSON.parse(text) as Item;
    const texts = [item.owner, item.partitionKey, item.sortKey ?? '', item.data ?? ''];
    return texts.every((each) => typeof each === 'string') && Number.isFinite(item.leaseDuration) ? item : undefined;
  } catch {
    return undefined;
  }
}

/** An item tells its lease, and not when it began: what another client wrote began when it is read. */
function recordOf({ owner, leaseDuration, partitionKey, sortKey, data }: Item): string {
  const nowMs = Date.now();
  const [whole = '', id, since = '', beat = '1'] = mark.exec(owner) ?? [];
  const ownerName = owner.slice(0, owner.length - whole.length);
  const holder: Entrant = {
    // Of another client, the owner alone names its acquisition.
    token: id === undefined ? owner : id.slice(0, 32),
    mode: 'write',
    host: ownerName,
    pid: 0,
    since: id === undefined ? nowMs : Date.parse(since),
    ttlMs: leaseDuration,
    until: nowMs + leaseDuration,
    beat: Number(beat),
  };
  const lease = {
    partitionKey,
    sortKey,
    ownerName,
    leaseDurationMs: leaseDuration,
    // Of another client the key, as that client itself has it.
    recordVersionNumber: id ?? (sortKey === undefined ? partitionKey : `${partitionKey}_${sortKey}`),
    dataBase64: data,
    attributes: {},
  };
  return JSON.stringify({ v: 1, holders: [holder], lease });
}
