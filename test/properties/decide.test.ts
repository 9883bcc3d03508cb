import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Mode } from '../../src/lock/holder.ts';
import { clockSkewMs, decide, depart, maxHolders } from '../../src/lock/record/decide.ts';
import { decodeRecord, type Entrant, encodeRecord, type LockRecord } from '../../src/lock/record/record.ts';

/** A register with compare-and-swap and a TTL, and owners who act on it by `decide` and `depart` alone. */
class World {
  nowMs = 1_000_000;
  key: { record: LockRecord; endsAtMs: number; version: number } | undefined;
  versions = 0;
  readonly held = new Map<number, { entrant: Entrant; untilMs: number }>();

  get record(): LockRecord | undefined {
    if (this.key !== undefined && this.key.endsAtMs <= this.nowMs) this.key = undefined;
    return this.key?.record;
  }

  write(record: LockRecord, ttlMs: number): void {
    // Through its text, as in a store.
    const read = decodeRecord(encodeRecord(record));
    if (read === undefined) throw new Error('a record that cannot be read was written');
    this.key = { record: read, endsAtMs: this.nowMs + ttlMs, version: ++this.versions };
  }

  /** Those whose own deadline has not passed. */
  live(): readonly Entrant[] {
    return [...this.held.values()].filter(({ untilMs }) => untilMs > this.nowMs).map(({ entrant }) => entrant);
  }
}

const ttlMs = 1_000;
const owner = fc.integer({ min: 0, max: 3 });
const mode = fc.constantFrom<Mode>('write', 'append', 'read');
const step = fc.oneof(
  fc.record({ act: fc.constant('take' as const), owner, mode, lost: fc.boolean() }),
  fc.record({ act: fc.constant('renew' as const), owner, lost: fc.boolean() }),
  fc.record({ act: fc.constant('release' as const), owner, minHoldMs: fc.constantFrom(0, 0, 500) }),
  fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
);

function entrantOf(id: number, mode: Mode, world: World, beat: number): Entrant {
  return { token: `t${id}-${mode}`, mode, host: `h${id}`, pid: id, since: world.nowMs, ttlMs, until: world.nowMs + ttlMs, beat };
}

describe('any interleaving of take, renew, release and time, in all modes', () => {
  test('P1: keeps two incompatible holders apart; P4: changes nobody else', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        let beat = 0;
        for (const each of steps) {
          const before = world.record;
          if (each.act === 'wait') world.nowMs += each.ms;
          else if (each.act === 'take') {
            if ((world.held.get(each.owner)?.untilMs ?? 0) > world.nowMs) continue;
            const me = entrantOf(each.owner, each.mode, world, ++beat);
            const decision = decide(world.record, me, world.nowMs);
            if (!decision.granted) {
              expect(decision.blockers.length).toBeGreaterThan(0);
              continue;
            }
            world.write(decision.record, decision.ttlMs);
            // A lost answer: the write was applied, the owner does not know.
            if (!each.lost) world.held.set(each.owner, { entrant: me, untilMs: world.nowMs + ttlMs });
          } else {
            const mine = world.held.get(each.owner);
            if (mine === undefined) continue;
            if (each.act === 'renew') {
              if (mine.untilMs <= world.nowMs || !world.record?.holders.some(({ token }) => token === mine.entrant.token)) continue;
              const me = { ...mine.entrant, until: world.nowMs + ttlMs, beat: ++beat };
              const decision = decide(world.record, me, world.nowMs);
              expect(decision.granted).toBe(true);
              if (decision.granted) world.write(decision.record, decision.ttlMs);
              if (!each.lost) world.held.set(each.owner, { entrant: me, untilMs: world.nowMs + ttlMs });
            } else {
              world.held.delete(each.owner);
              if (world.record === undefined) continue;
              const departure = depart(world.record, mine.entrant, world.nowMs, each.minHoldMs === 0 ? 0 : world.nowMs + each.minHoldMs);
              if (departure.act === 'write') world.write(departure.record, departure.ttlMs);
              if (departure.act === 'remove') world.key = undefined;
            }
          }
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
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('whatever stands in the store', () => {
  test('a text that somebody else wrote is a record or is not, and never an exception', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"v":1,"holders":${json}}`),
    );
    fc.assert(
      fc.property(text, (value) => {
        const record = decodeRecord(value);
        if (record === undefined) return;
        const decision = decide(
          record,
          { token: 'mine', mode: 'write', host: 'h', pid: 1, since: 0, ttlMs: 1_000, until: 1_000, beat: 1 },
          0,
        );
        if (decision.granted) expect(decodeRecord(encodeRecord(decision.record))).toBeDefined();
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
        const decision = decide(
          { v: 1, holders },
          { token: 'mine', mode: 'read', host: 'h', pid: 1, since: 0, ttlMs: 1_000, until: 1_000, beat: 1 },
          0,
        );
        expect(decision.granted).toBe(count < maxHolders);
      }),
      { numRuns: 50 },
    );
  });
});
