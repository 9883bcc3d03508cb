/** Between the port's values and what items say. A value is a lock record, with a `lease` beside the holders where `giveway/leases` wrote it. */
import { randomUUID } from 'node:crypto';
import { InvalidOptionError } from '../../../lock/errors.ts';
import { decodeRecord, type Entrant } from '../../../lock/record/record.ts';
import type { Item } from '../item.ts';
import { fromAttributes, toAttribute } from './attributes.ts';
import { carries, type MaskedRecord, reservedNames, type Saying, type Stored } from './stored.ts';
import { digestOf, type Tokens } from './tokens.ts';

/** The part of a lease that the item tells, by the names that `giveway/leases` has for it. */
interface LeaseText {
  readonly partitionKey: string;
  readonly sortKey?: string | undefined;
  readonly ownerName: string;
  readonly leaseDurationMs: number;
  readonly recordVersionNumber: string;
  readonly data?: string;
  readonly dataBase64?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What cannot be read as a record is busy, its holder unknown. */
const unreadable = '';

/** A live item, as the locker reads it. Where another client wrote it, it has one holder, seen since `sinceMs`, its version since `versionMs`. */
export function heldValue(stored: Stored, tokens: Tokens, sinceMs: number, versionMs: number): string {
  const { own, leaseMs, ownerName } = stored;
  if (own?.raw !== undefined) return own.raw;
  if (own?.record !== undefined)
    return JSON.stringify({ ...withTokens(own.record, tokens.unmask), ...(own.lease ? { lease: leaseIn(stored) } : {}) });
  if (leaseMs === undefined) return unreadable;
  const holder: Entrant = {
    token: digestOf(ownerName),
    mode: 'write',
    host: ownerName,
    pid: 0,
    since: sinceMs,
    ttlMs: leaseMs,
    until: versionMs + leaseMs,
    beat: 0,
  };
  return JSON.stringify({ v: 1, holders: [holder], lease: leaseIn(stored) });
}

/** An item that nobody holds: what it carries waits for the next holder. */
export function keptValue(stored: Stored): string {
  return JSON.stringify({ v: 1, holders: [], lease: leaseIn(stored) });
}

/** What a write of `value` over `before` says. Throws `InvalidOptionError` for attributes that the table cannot keep. */
export function sayingOf(
  value: string,
  ttlMs: number,
  before: Stored | undefined,
  tokens: Tokens,
  { ownerName, keyNames }: { readonly ownerName: string | undefined; readonly keyNames: readonly (string | undefined)[] },
): Saying {
  // The Java client reads whole milliseconds only.
  const leaseMs = Math.ceil(ttlMs);
  const isRecord = !value.includes('\n') && decodeRecord(value) !== undefined;
  if (!isRecord)
    return {
      ownerName: ownerName ?? 'giveway',
      leaseMs,
      version: randomUUID(),
      isReleased: false,
      own: { raw: value },
      payload: undefined,
    };
  const { lease, ...record } = JSON.parse(value) as MaskedRecord & { readonly lease?: LeaseText };
  const masked = withTokens(record, tokens.mask);
  if (lease === undefined) {
    const wasThere = before !== undefined && (before.isReleased || carries(before));
    const own = { record: masked, ...(before?.own?.text ? { text: true as const } : {}), ...(wasThere ? { kept: true as const } : {}) };
    return { ownerName: ownerName ?? whoHolds(record), leaseMs, version: randomUUID(), isReleased: false, own, payload: undefined };
  }
  const isReleased = record.holders.length === 0;
  const text = lease.data === undefined ? {} : { text: true as const };
  return {
    ownerName: lease.ownerName,
    leaseMs: isReleased ? lease.leaseDurationMs : leaseMs,
    version: lease.recordVersionNumber,
    isReleased,
    own: isReleased ? text : { record: masked, lease: true, ...text },
    payload: { data: bytesOf(lease), attributes: attributesOf(lease, keyNames) },
  };
}

/** What the release of an item says that was there before its holder. */
export function givenBack({ ownerName, leaseMs = 0, own }: Stored): Saying {
  return {
    ownerName,
    leaseMs,
    version: randomUUID(),
    isReleased: true,
    own: own?.text ? { text: true } : {},
    payload: undefined,
  };
}

function leaseIn({ pair, ownerName, leaseMs = 0, version, data, own, attributes }: Stored): LeaseText {
  const bytes = data === undefined ? undefined : Buffer.from(data);
  return {
    ...pair,
    ownerName,
    leaseDurationMs: leaseMs,
    recordVersionNumber: version,
    ...(bytes === undefined ? {} : own?.text ? { data: bytes.toString('utf8') } : { dataBase64: bytes.toString('base64') }),
    attributes: fromAttributes(attributes),
  };
}

function bytesOf({ data, dataBase64 }: LeaseText): Uint8Array | undefined {
  if (dataBase64 !== undefined) return Buffer.from(dataBase64, 'base64');
  return data === undefined ? undefined : Buffer.from(data, 'utf8');
}

function attributesOf({ attributes }: LeaseText, keyNames: readonly (string | undefined)[]): Item {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      const path = `additionalAttributes.${name}`;
      if (name === '' || reservedNames.includes(name) || keyNames.includes(name))
        throw new InvalidOptionError(
          path,
          value,
          `any name but those of the item's own attributes is allowed: ${reservedNames.join(', ')}`,
        );
      return [name, toAttribute(value, path)];
    }),
  );
}

function withTokens(record: MaskedRecord, change: (token: string) => string): MaskedRecord {
  return { ...record, holders: record.holders.map((holder) => ({ ...holder, token: change(holder.token) })) };
}

/** For people, in Java: `nightly rollup on etl-1 (17)`, and how many more. */
function whoHolds({ holders: [first, ...others] }: MaskedRecord): string {
  if (first === undefined) return 'giveway';
  const who = `${first.job === undefined ? '' : `${first.job} on `}${first.host} (${first.pid})`;
  return others.length === 0 ? who : `${who} and ${others.length} more`;
}
