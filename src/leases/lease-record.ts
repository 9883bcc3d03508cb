/**
 * What a lease writes: the lock layer's record with a `lease` beside the holders, in one text. So data and lock change in
 * one compare-and-swap, and lockers see the holder of a lease as they see any other. Pure functions only.
 */
import { admit } from '../lock/record/decide.ts';
import { decodeRecord, type Entrant, type LockRecord } from '../lock/record/record.ts';
import type { LeaseName } from './lease-key.ts';

/** What a lock may carry. Text comes back as text, bytes as a `Buffer`. */
export type LockData = string | Uint8Array;

/** Data as it is now: bytes are the caller's, who may fill them anew while a lock is waited for. */
export function dataNow(data: LockData | undefined): LockData | undefined {
  return data instanceof Uint8Array ? Uint8Array.from(data) : data;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Attributes beside the data, as JSON. */
export type LockAttributes = Readonly<Record<string, JsonValue>>;

/** A lease as it stands in the record. */
export interface Lease extends LeaseName {
  readonly ownerName: string;
  readonly leaseDurationMs: number;
  /** New at every write. Ownership is the holder's token, not this. */
  readonly recordVersionNumber: string;
  readonly data?: string;
  /** Data that was given as bytes. */
  readonly dataBase64?: string;
  readonly attributes: LockAttributes;
}

interface LeaseRecord extends Pick<LockRecord, 'v' | 'holders'> {
  readonly lease?: Lease;
}

/** What an acquisition writes, and what it does with what a released record still holds. */
export interface LeaseTerms extends LeaseName {
  readonly ownerName: string;
  readonly leaseDurationMs: number;
  readonly data?: LockData | undefined;
  readonly replaceData: boolean;
  readonly additionalAttributes: LockAttributes;
  readonly updateExistingLockRecord: boolean;
}

/** May a newcomer have it? `previous` is the lease of a released record. */
export type Verdict =
  | { readonly granted: true; readonly previous: Lease | undefined }
  | { readonly granted: false; readonly blockers: readonly Entrant[] };

/** Judges a record for a newcomer. What cannot be read is held by somebody unknown. */
export function judge(text: string, newcomer: Entrant, wallMs: number): Verdict {
  const record = decodeLeaseRecord(text);
  if (record === undefined) return { granted: false, blockers: [] };
  const admission = admit(record, newcomer, wallMs);
  return admission.granted ? { granted: true, previous: record.lease } : admission;
}

/** The record in a text, or `undefined` for what cannot be read. */
export function decodeLeaseRecord(text: string): (LeaseRecord & LockRecord) | undefined {
  const record = decodeRecord(text) as (LeaseRecord & LockRecord) | undefined;
  return record?.lease === undefined || isLease(record.lease) ? record : undefined;
}

export function encodeHeld(holder: Entrant, lease: Lease): string {
  return encode({ v: 1, holders: [holder], lease });
}

/** Nobody holds it; what it carries waits for the next holder. */
export function encodeReleased(lease: Lease): string {
  return encode({ v: 1, holders: [], lease });
}

/** The lease of a newcomer: what `replaceData` and `updateExistingLockRecord` keep of the previous one, and the rest anew. */
export function nextLease(previous: Lease | undefined, terms: LeaseTerms, recordVersionNumber: string): Lease {
  const { partitionKey, sortKey, ownerName, leaseDurationMs, additionalAttributes } = terms;
  const kept = terms.replaceData || previous === undefined ? {} : packedData(previous);
  return {
    partitionKey,
    ...(sortKey === undefined ? {} : { sortKey }),
    ownerName,
    leaseDurationMs,
    recordVersionNumber,
    ...(Object.keys(kept).length > 0 ? kept : packData(terms.data)),
    attributes: terms.updateExistingLockRecord ? { ...previous?.attributes, ...additionalAttributes } : additionalAttributes,
  };
}

/** What a heartbeat or a release changes. */
export interface LeaseChange {
  readonly data?: LockData | undefined;
  readonly deleteData?: boolean | undefined;
  readonly leaseDurationMs?: number | undefined;
}

/** The same lease one write later. */
export function changedLease(lease: Lease, { data, deleteData, leaseDurationMs }: LeaseChange, recordVersionNumber: string): Lease {
  const { data: _text, dataBase64: _bytes, ...bare } = lease;
  const nextData = deleteData ? {} : data === undefined ? packedData(lease) : packData(data);
  return { ...bare, ...nextData, leaseDurationMs: leaseDurationMs ?? lease.leaseDurationMs, recordVersionNumber };
}

export function dataOf({ data, dataBase64 }: Lease): string | Buffer | undefined {
  return dataBase64 === undefined ? data : Buffer.from(dataBase64, 'base64');
}

function encode(record: LeaseRecord): string {
  return JSON.stringify(record);
}

function packData(data: LockData | undefined): Pick<Lease, 'data' | 'dataBase64'> {
  if (data === undefined) return {};
  return typeof data === 'string' ? { data } : { dataBase64: Buffer.from(data).toString('base64') };
}

function packedData({ data, dataBase64 }: Lease): Pick<Lease, 'data' | 'dataBase64'> {
  return dataBase64 !== undefined ? { dataBase64 } : data !== undefined ? { data } : {};
}

function isLease(value: unknown): value is Lease {
  const lease = value as Lease;
  return (
    typeof lease === 'object' &&
    lease !== null &&
    [lease.partitionKey, lease.ownerName, lease.recordVersionNumber].every((field) => typeof field === 'string') &&
    [lease.sortKey, lease.data, lease.dataBase64].every((field) => field === undefined || typeof field === 'string') &&
    Number.isFinite(lease.leaseDurationMs) &&
    typeof lease.attributes === 'object' &&
    lease.attributes !== null
  );
}
