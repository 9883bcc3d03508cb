import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Mode } from '../../src/lock/holder.ts';
import { admit, clockSkewMs, depart, maxEntries, takesLine } from '../../src/lock/record/decide.ts';
import {
  decodeRecord,
  type Entrant,
  encodeGone,
  encodeRecord,
  encodeWaiting,
  type LockRecord,
  type Waiting,
} from '../../src/lock/record/record.ts';

/** A register with compare-and-swap and a TTL, and owners who act on it by `admit` and `depart` alone. */
class World {
  nowMs = 1_000_000;
  key: { text: string; endsAtMs: number } | undefined;
  readonly held = new Map<number, { entrant: Entrant; untilMs: number }>();
  readonly lined = new Map<number, Waiting>();

  get record(): LockRecord | undefined {
    if (this.key !== undefined && this.key.endsAtMs <= this.nowMs) this.key = undefined;
    if (this.key === undefined) return undefined;
    const record = decodeRecord(this.key.text);
    if (record === undefined) throw new Error('a record that cannot be read was written');
    return record;
  }

  write(record: LockRecord, ttlMs: number): void {
    this.key = { text: encodeRecord(record), endsAtMs: this.nowMs + ttlMs };
  }

  append(text: string): void {
    if (this.key !== undefined) this.key.text += text;
  }

  /** Those whose own deadline has not passed. */
  live(): readonly Entrant[] {
    return [...this.held.values()].filter(({ untilMs }) => untilMs > this.nowMs).map(({ entrant }) => entrant);
  }
}

const ttlMs = 1_000;
const owner = fc.integer({ min: 0, max: 3 });
const mode = fc.constantFrom<Mode>('write', 'append', 'read');
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const step = fc.oneof(
  fc.record({ act: fc.constant('take' as const), owner, mode, lost: fc.boolean() }),
  fc.record({ act: fc.constant('line up' as const), owner, mode }),
  fc.record({ act: fc.constant('leave the line' as const), owner }),
  fc.record({ act: fc.constant('look' as const), owner }),
  fc.record({ act: fc.constant('renew' as const), owner, lost: fc.boolean() }),
  fc.record({ act: fc.constant('release' as const), owner, minHoldMs: fc.constantFrom(0, 0, 500) }),
  fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
);

function entrantOf(id: number, mode: Mode, world: World, beat: number): Entrant {
  const token = `t${id}-${mode}`;
  return { token, mode, host: `h${id}`, pid: id, since: world.nowMs, ttlMs, until: world.nowMs + ttlMs, beat, line: true };
}

/** `nth`: a place in line is taken once. */
function waitingOf(id: number, mode: Mode, world: World, nth: number): Waiting {
  return { token: `w${nth}`, mode, host: `h${id}`, pid: id, since: world.nowMs, ttlMs, maxWaitMs: 2_000, pauseMs: 200 };
}

function isLive(world: World, id: number): boolean {
  return (world.held.get(id)?.untilMs ?? 0) > world.nowMs;
}

/** One owner's step. */
function act(world: World, each: Exclude<Step, { act: 'wait' }>, beat: number): void {
  const { owner: id } = each;
  const { record, nowMs } = world;
  const mine = world.held.get(id);
  const lined = world.lined.get(id);
  if (each.act === 'take') {
    if (isLive(world, id) || lined !== undefined) return;
    const me = entrantOf(id, each.mode, world, beat);
    const admission = admit(record, me, nowMs);
    if (!admission.granted) return expect(admission.blockers.length + admission.ahead.length).toBeGreaterThan(0);
    world.write(admission.record, admission.ttlMs);
    // A lost answer: the write was applied, the owner does not know.
    if (!each.lost) world.held.set(id, { entrant: me, untilMs: nowMs + ttlMs });
  } else if (each.act === 'line up') {
    if (isLive(world, id) || lined !== undefined || record === undefined || !takesLine(record)) return;
    const waiting = waitingOf(id, each.mode, world, beat);
    world.append(encodeWaiting(waiting));
    world.lined.set(id, waiting);
  } else if (each.act === 'leave the line') {
    if (lined === undefined) return;
    world.append(encodeGone(lined.token));
    world.lined.delete(id);
  } else if (each.act === 'look') {
    if (lined === undefined) return;
    const granted = record?.holders.find(({ token }) => token === lined.token);
    if (granted === undefined && record?.line.some(({ token }) => token === lined.token)) return;
    world.lined.delete(id);
    // It counts from before the look that did not show it; here it looks when it was written, or has missed it.
    if (granted !== undefined && granted.until > nowMs) world.held.set(id, { entrant: granted, untilMs: granted.until });
  } else if (each.act === 'renew') {
    if (mine === undefined || mine.untilMs <= nowMs || !record?.holders.some(({ token }) => token === mine.entrant.token)) return;
    const me = { ...mine.entrant, ttlMs, until: nowMs + ttlMs, beat };
    const admission = admit(record, me, nowMs);
    expect(admission.granted).toBe(true);
    if (admission.granted) world.write(admission.record, admission.ttlMs);
    if (!each.lost) world.held.set(id, { entrant: me, untilMs: nowMs + ttlMs });
  } else {
    world.held.delete(id);
    if (mine === undefined || record === undefined) return;
    const departure = depart(record, mine.entrant, nowMs, { minHoldUntilMs: each.minHoldMs === 0 ? 0 : nowMs + each.minHoldMs });
    if (departure.act === 'write') world.write(departure.record, departure.ttlMs);
    if (departure.act === 'remove') world.key = undefined;
  }
}

describe('any interleaving of take, line up, renew, release and time, in all modes', () => {
  test('P1: keeps two incompatible holders apart; P4: changes nobody else', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        let beat = 0;
        for (const each of steps) {
          const before = world.record;
          if (each.act === 'wait') world.nowMs += each.ms;
          else act(world, each, ++beat);
          const live = world.live();
          for (const a of live)
            for (const b of live) if (a !== b) expect([a.mode, b.mode]).toEqual(a.mode === 'write' ? 'never' : [a.mode, a.mode]);
          const acted = each.act === 'wait' ? undefined : each.owner;
          // Whoever still counts and did not act stands in the record as before.
          for (const [id, { untilMs, entrant }] of world.held) {
            if (id === acted || untilMs + clockSkewMs <= world.nowMs || world.record === undefined) continue;
            const was = before?.holders.find(({ token }) => token === entrant.token);
            if (was !== undefined && untilMs > world.nowMs) expect(world.record.holders).toContainEqual(was);
          }
          mustKeepTheirPlaces(world, before, acted);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** P5: as long as the record lives, whoever waits leaves the line by its own word, its own time or a seat, and nobody gets before it. */
function mustKeepTheirPlaces(world: World, before: LockRecord | undefined, acted: number | undefined): void {
  const { record, nowMs } = world;
  if (record === undefined || before === undefined) return;
  const stay = before.line.filter(({ token }) => record.line.some((waiting) => waiting.token === token));
  expect(record.line.slice(0, stay.length)).toEqual(stay);
  for (const { token, pid, since, maxWaitMs } of before.line) {
    if (pid === acted || nowMs > since + maxWaitMs + clockSkewMs) continue;
    expect([...record.line, ...record.holders].map((each) => each.token)).toContain(token);
  }
}

describe('whatever stands in the store', () => {
  test('a text that somebody else wrote is a record or is not, and never an exception', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"v":1,"holders":${json}}`),
      fc.json().map((json) => `{"v":1,"holders":[]}\n${json}`),
    );
    fc.assert(
      fc.property(text, (value) => {
        const record = decodeRecord(value);
        if (record === undefined) return;
        const admission = admit(
          record,
          { token: 'mine', mode: 'write', host: 'h', pid: 1, since: 0, ttlMs: 1_000, until: 1_000, beat: 1 },
          0,
        );
        if (admission.granted) expect(decodeRecord(encodeRecord(admission.record))).toBeDefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test('a record never grows past its limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
        const holders = Array.from({ length: count }, (_, id) => ({
          token: `t${id}`,
          mode: 'read' as const,
          host: 'h',
          pid: 1,
          since: 0,
          ttlMs: 1_000,
          until: 10_000,
          beat: 1,
        }));
        const admission = admit(
          { v: 1, holders, line: [] },
          { token: 'mine', mode: 'read', host: 'h', pid: 1, since: 0, ttlMs: 1_000, until: 1_000, beat: 1 },
          0,
        );
        expect(admission.granted).toBe(count < maxEntries);
      }),
      { numRuns: 50 },
    );
  });
});
