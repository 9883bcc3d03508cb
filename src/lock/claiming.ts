import { Claim } from './claim.ts';
import { decide } from './decide.ts';
import { type ClaimContext, type ClaimTerms, entrantOf, jitter, maxRaces, type Refusal } from './entry.ts';
import { decodeRecord, encodeRecord, type LockRecord, type Mode } from './record.ts';
import type { Entry } from './store.ts';

/** Only if the key is absent: the whole of an uncontended acquisition. `undefined`: something is there. */
export async function createClaim(
  context: ClaimContext,
  key: string,
  token: string,
  mode: Mode,
  terms: ClaimTerms,
): Promise<Claim | undefined> {
  const monoMs = context.clock.monotonicMs();
  const wallMs = context.clock.wallMs();
  const entrant = entrantOf({ token, mode, host: context.host, pid: context.pid }, terms, wallMs, wallMs);
  const record: LockRecord = { v: 1, holders: [entrant] };
  const version = await context.store.create(key, encodeRecord(record), terms.ttlMs);
  return version === undefined ? undefined : new Claim(context, key, entrant, record, version, monoMs, wallMs);
}

/** Enters the record that was found, if its modes allow. `'raced'`: it changed in between, look again. */
export async function joinClaim(
  context: ClaimContext,
  key: string,
  found: Entry,
  token: string,
  mode: Mode,
  terms: ClaimTerms,
): Promise<Claim | 'raced'> {
  const monoMs = context.clock.monotonicMs();
  const wallMs = context.clock.wallMs();
  const record = decodeRecord(found.value);
  const entrant = entrantOf({ token, mode, host: context.host, pid: context.pid }, terms, wallMs, wallMs);
  const decision = decide(record, entrant, wallMs);
  if (!decision.granted) return 'raced';
  const version = await context.store.replace(key, encodeRecord(decision.record), found.version, decision.ttlMs);
  return version === undefined ? 'raced' : new Claim(context, key, entrant, decision.record, version, monoMs, wallMs);
}

/** Puts a new token, host and pid in the place of `oldToken`. `undefined`: no such entry, or it kept changing. */
export async function takeOverClaim(
  context: ClaimContext,
  key: string,
  oldToken: string,
  token: string,
  terms: ClaimTerms,
): Promise<Claim | undefined> {
  for (let races = 0; races < maxRaces; races++) {
    const found = await context.store.read(key);
    const record = found === undefined ? undefined : decodeRecord(found.value);
    const old = record?.holders.find((holder) => (holder.token === oldToken || holder.token === token) && !holder.minHold);
    if (found === undefined || record === undefined || old === undefined) return undefined;
    const monoMs = context.clock.monotonicMs();
    const wallMs = context.clock.wallMs();
    const entrant = entrantOf({ ...old, token, host: context.host, pid: context.pid }, terms, old.since, wallMs);
    const decision = decide({ v: 1, holders: record.holders.map((holder) => (holder === old ? entrant : holder)) }, entrant, wallMs);
    if (!decision.granted) return undefined;
    const version = await context.store.replace(key, encodeRecord(decision.record), found.version, decision.ttlMs);
    if (version !== undefined) return new Claim(context, key, entrant, decision.record, version, monoMs, wallMs);
    await jitter(context.clock, races);
  }
  return undefined;
}

/** May `mode` enter what was found? `undefined`: yes. */
export function refusal(context: ClaimContext, found: Entry, token: string, mode: Mode, terms: ClaimTerms): Refusal | undefined {
  const record = decodeRecord(found.value);
  if (record === undefined) return { blockers: [], unreadable: true };
  const wallMs = context.clock.wallMs();
  const decision = decide(record, entrantOf({ token, mode, host: context.host, pid: context.pid }, terms, wallMs, wallMs), wallMs);
  return decision.granted ? undefined : { blockers: decision.blockers };
}
