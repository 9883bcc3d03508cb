import { isDeepStrictEqual } from 'node:util';
import type { Entrant } from '../../../lock/record/record.ts';
import { attribute, type Item, released } from '../item.ts';
import type { KeyPair } from '../options.ts';
import { fromAttribute } from './attributes.ts';

/** The one attribute that is giveway's. Java clients show it beside their callers' own. */
const ownAttribute = 'giveway';

/** A lock record, its tokens masked. */
export interface MaskedRecord {
  readonly holders: readonly Entrant[];
}

/**
 * What that attribute says, as JSON, of the version that it names: whoever writes the item without it makes it void. Without
 * `record` and `raw` it speaks of a released item.
 */
interface Own {
  readonly version: string;
  readonly record?: MaskedRecord;
  /** A value that is no lock record. */
  readonly raw?: string;
  /** The holder is one of `giveway/leases`: owner, data and attributes of the item are its own. */
  readonly lease?: true;
  /** The data was given as text. */
  readonly text?: true;
  /** The item was there before its holder, who gives it back. */
  readonly kept?: true;
}

/** What an item says. */
export interface Stored {
  readonly item: Item;
  readonly pair: KeyPair;
  /** Its `recordVersionNumber`; empty if it has none: then no condition on it can ever hold. */
  readonly version: string;
  /** `undefined` if the item tells none, or no version: such an item never dies by observation. */
  readonly leaseMs: number | undefined;
  readonly isReleased: boolean;
  readonly ownerName: string;
  readonly own: Own | undefined;
  readonly data: Uint8Array | undefined;
  /** All that is neither the client's nor ours. */
  readonly attributes: Item;
}

const theirs: readonly string[] = [
  attribute.ownerName,
  attribute.leaseDuration,
  attribute.recordVersionNumber,
  attribute.isReleased,
  attribute.data,
];

/** The names that no caller may give an attribute, but for those of the keys. */
export const reservedNames: readonly string[] = [...theirs, ownAttribute];

export function readItem(item: Item, pair: KeyPair, keyNames: readonly (string | undefined)[]): Stored {
  const version = item[attribute.recordVersionNumber]?.S ?? '';
  const lease = item[attribute.leaseDuration];
  const leaseMs = Number.parseInt(lease?.S ?? lease?.N ?? '', 10);
  const others = Object.entries(item).filter(([name]) => !reservedNames.includes(name) && !keyNames.includes(name));
  return {
    item,
    pair,
    version,
    leaseMs: version === '' || Number.isNaN(leaseMs) ? undefined : leaseMs,
    // The Java client asks whether the attribute is there.
    isReleased: item[attribute.isReleased] !== undefined,
    ownerName: item[attribute.ownerName]?.S ?? '',
    own: ownIn(item, version),
    data: item[attribute.data]?.B,
    attributes: Object.fromEntries(others),
  };
}

/** Would something be lost with the item that is not its holder's? */
export function carries({ data, attributes, own }: Stored): boolean {
  return data !== undefined || own?.kept === true || Object.keys(attributes).length > 0;
}

/** What a write changes of an item. */
export interface Changes {
  readonly set: Item;
  readonly remove: readonly string[];
}

/** What a write says. */
export interface Saying {
  readonly ownerName: string;
  readonly leaseMs: number;
  readonly version: string;
  readonly isReleased: boolean;
  readonly own: Omit<Own, 'version'>;
  /** `undefined`: stays as it is. */
  readonly payload: { readonly data: Uint8Array | undefined; readonly attributes: Item } | undefined;
}

/** Only what differs: others may have changed the attributes they know. */
export function changesTo(before: Stored | undefined, { payload, ...saying }: Saying): Changes {
  const own: Own = { version: saying.version, ...saying.own };
  const attributes = Object.entries(payload?.attributes ?? {}).filter(([name, value]) => !isSame(before?.attributes[name], value));
  const gone =
    payload === undefined ? [] : Object.keys(before?.attributes ?? {}).filter((name) => !Object.hasOwn(payload.attributes, name));
  return {
    set: {
      [attribute.ownerName]: { S: saying.ownerName },
      [attribute.leaseDuration]: { S: String(saying.leaseMs) },
      [attribute.recordVersionNumber]: { S: saying.version },
      [ownAttribute]: { S: JSON.stringify(own) },
      ...(saying.isReleased ? { [attribute.isReleased]: released } : {}),
      ...(payload?.data === undefined ? {} : { [attribute.data]: { B: payload.data } }),
      ...Object.fromEntries(attributes),
    },
    remove: [
      ...(!saying.isReleased && before?.isReleased ? [attribute.isReleased] : []),
      ...(payload !== undefined && payload.data === undefined && before?.data !== undefined ? [attribute.data] : []),
      ...gone,
    ],
  };
}

export function changed(item: Item, { set, remove }: Changes): Item {
  const left = Object.entries(item).filter(([name]) => !remove.includes(name));
  return { ...Object.fromEntries(left), ...set };
}

/** As JSON: a set that somebody shows and gives back as a list stays the set it is. */
function isSame(before: Item[string] | undefined, now: Item[string]): boolean {
  return before !== undefined && isDeepStrictEqual(fromAttribute(before), fromAttribute(now));
}

function ownIn(item: Item, version: string): Own | undefined {
  try {
    const own = JSON.parse(item[ownAttribute]?.S ?? '') as Own | null;
    return version !== '' && own?.version === version ? own : undefined;
  } catch {
    return undefined;
  }
}
