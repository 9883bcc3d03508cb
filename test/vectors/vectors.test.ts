/** The vectors of docs/record.md, which implementations in other languages run too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { nameRules, normalizeName } from '../../src/lock/plan/names.ts';
import { admit, depart, exchange, takesLine } from '../../src/lock/record/decide.ts';
import { recordKey } from '../../src/lock/record/keys.ts';
import {
  decodeRecord,
  type Entrant,
  encodeGone,
  encodeRecord,
  encodeWaiting,
  type LockRecord,
  type Waiting,
} from '../../src/lock/record/record.ts';
import { parseAddresses } from '../../src/stores/memcached/addresses.ts';
import { exptimeFor } from '../../src/stores/memcached/exptime.ts';
import { fingerprint, placeOf } from '../../src/stores/memcached/placement.ts';
import { entryIn } from '../../src/stores/redis/stored.ts';

/** As a file of vectors has it: fields that are not there instead of undefined ones. */
const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const vectors = <T>(name: string): T => JSON.parse(readFileSync(join(__dirname, `${name}.json`), 'utf8')) as T;
const tokensOf = (entries: readonly { readonly token: string }[]): string[] => entries.map(({ token }) => token);

const { names, keys } = vectors<{
  names: { name: string; defaultSchema?: string; database?: string; dialect?: string; resource?: string }[];
  keys: { namespace: string; environment?: string; resource: string; key: string }[];
}>('names');

describe('names.json', () => {
  test.each(names)('$name', ({ name, defaultSchema, database, dialect, resource }) => {
    const read = (): string => normalizeName(name, nameRules({ defaultSchema, database, dialect }));
    if (resource === undefined) expect(read).toThrow();
    else expect(read()).toBe(resource);
  });

  test.each(keys)('the key of $resource', ({ namespace, environment, resource, key }) => {
    expect(recordKey(namespace, environment, resource)).toBe(key);
  });
});

const { texts, lines } = vectors<{
  texts: { title: string; text: string; record?: LockRecord; mayAppend?: boolean }[];
  lines: { title: string; entry: Waiting | { gone: string }; text: string }[];
}>('records');

describe('records.json', () => {
  test.each(texts)('$title', ({ text, record, mayAppend }) => {
    const read = decodeRecord(text);
    expect(written(read ?? null)).toEqual(record ?? null);
    if (read === undefined) return;
    expect(takesLine(read)).toBe(mayAppend);
    expect(decodeRecord(encodeRecord(read))).toEqual(read);
  });

  test.each(lines)('$title', ({ entry, text }) => {
    expect('gone' in entry ? encodeGone(entry.gone) : encodeWaiting(entry)).toBe(text);
  });
});

interface Change {
  readonly record: LockRecord;
  readonly ttlMs: number;
}

const { decisions } = vectors<{
  decisions: {
    title: string;
    found: LockRecord | null;
    me: Entrant;
    nowMs: number;
    mine?: string[];
    expect: ({ granted: true } & Change) | { granted: false; blockers: string[]; ahead: string[]; overdue: Change | null };
  }[];
}>('decisions');

test.each(decisions)('decisions.json: $title', ({ found, me, nowMs, mine = [], expect: expected }) => {
  const admission = admit(found ?? undefined, me, nowMs, (token) => mine.includes(token));
  const seen = admission.granted
    ? admission
    : {
        granted: false,
        blockers: tokensOf(admission.blockers),
        ahead: tokensOf(admission.ahead),
        overdue: admission.overdue ?? null,
      };
  expect(written(seen)).toEqual(expected);
});

const { departures } = vectors<{
  departures: {
    title: string;
    found: LockRecord;
    me: Entrant;
    nowMs: number;
    minHoldUntilMs?: number;
    again?: Waiting;
    expect: { act: 'none' | 'remove' } | ({ act: 'write' } & Change);
  }[];
}>('departures');

test.each(departures)('departures.json: $title', ({ found, me, nowMs, minHoldUntilMs = 0, again, expect: expected }) => {
  expect(written(depart(found, me, nowMs, { minHoldUntilMs, again }))).toEqual(expected);
});

const { exchanges } = vectors<{
  exchanges: { title: string; found: LockRecord; instead: string[]; entries: Entrant[]; nowMs: number; expect: Change }[];
}>('exchanges');

test.each(exchanges)('exchanges.json: $title', ({ found, instead, entries, nowMs, expect: expected }) => {
  expect(written(exchange(found, instead, entries, nowMs))).toEqual(expected);
});

const bounds = vectors<{
  holders: { times: number; entry: Entrant; me: Entrant; nowMs: number; granted: boolean }[];
  lines: { times: number; entry: Waiting; holder: Entrant; mayAppend: boolean }[];
}>('bounds');

describe('bounds.json', () => {
  const many = <T extends object>(times: number, entry: T): T[] =>
    Array.from({ length: times }, (_, index) => ({ ...entry, token: String(index + 1) }));

  test.each(bounds.holders)('beside $times holders: $granted', ({ times, entry, me, nowMs, granted }) => {
    expect(admit({ v: 1, at: nowMs, holders: many(times, entry), line: [] }, me, nowMs).granted).toBe(granted);
  });

  test.each(bounds.lines)('behind $times who wait: $mayAppend', ({ times, entry, holder, mayAppend }) => {
    expect(takesLine({ v: 1, holders: [holder], line: many(times, entry) })).toBe(mayAppend);
  });
});

const { memcached, redis } = vectors<{
  memcached: {
    exptimes: { ttlMs: number; seconds: number }[];
    places: { servers: string; key: string; server: string; fingerprint: string }[];
  };
  redis: { texts: { text: string; value: string; mark: string; fence?: string }[] };
}>('stores');

describe('stores.json', () => {
  test.each(memcached.exptimes)('memcached keeps $ttlMs ms for $seconds s', ({ ttlMs, seconds }) => {
    expect(exptimeFor(ttlMs)).toBe(seconds);
  });

  test.each(memcached.places)('of $servers it is $server that keeps $key', ({ servers, key, server, fingerprint: expected }) => {
    const addresses = parseAddresses(servers);
    expect(placeOf(key, addresses).name).toBe(server);
    expect(fingerprint(addresses)).toBe(expected);
  });

  test.each(redis.texts)('redis: $text', ({ text, value, mark, fence }) => {
    const entry = entryIn(text);
    expect(entry.value).toBe(value);
    expect(entry.version).toMatchObject({ mark });
    expect(entry.version.fence?.toString()).toBe(fence);
  });
});
