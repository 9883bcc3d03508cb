/** What holders believe and what stands in the store: a history that is right, and ones that are wrong by one thing. */
import { describe, expect, test } from '@jest/globals';
import type { Report } from '../breaches.ts';
import { type Held, keyOf } from '../observed.ts';
import { createBeliefs } from './beliefs.ts';
import { append, clock, gather, heldBy, now, processOf, recordOf, token, write } from './made.ts';
import { createWrites } from './writes.ts';

describe('beliefs', () => {
  const everything = recordOf(
    { token: token(1) },
    { token: token(2) },
    { token: token(1), mode: 'append' },
    { token: token(2), mode: 'append' },
  );
  const endMs = { ms: 0 };
  const beliefsOver = (
    report: Report,
    value: (key: string) => string | undefined = () => everything,
    appends?: number,
  ): ReturnType<typeof createBeliefs> =>
    createBeliefs({
      ...clock,
      report,
      value,
      ownerOf: (text) => ({ [token(1)]: 'p1', [token(2)]: 'p2' })[text],
      endOf: () => endMs.ms,
      limit: appends === undefined ? undefined : { resource: 't', appends },
      areNear: true,
      areStill: true,
      isCalm: true,
    });

  test('P1: two that exclude one another, in one process or in two', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report);
    beliefs.begin(heldBy('p1', append));
    beliefs.begin(heldBy('p2', append));
    expect(told()).toEqual([]);
    beliefs.begin(heldBy('p2', write, { job: 'other', family: 'other', who: 'other' }));
    expect(told()).toEqual(['P1 other', 'P1 other']);
  });

  test('P1: not when one is over, was let go, cannot be asked, or was forgotten by the store', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report);
    beliefs.begin(heldBy('p1', write, {}, { remainingMs: () => 0 }));
    beliefs.begin(heldBy('p1', write, { process: processOf('p1', { runs: false }) }));
    const ended = heldBy('p1', write);
    beliefs.begin(ended);
    beliefs.end(ended);
    const forgotten = heldBy('p1', write);
    beliefs.begin(forgotten);
    beliefs.forgot(keyOf('t'), everything);
    endMs.ms = now.ms + 1;
    beliefs.begin(heldBy('p2', write));
    expect(told()).toEqual([]);
  });

  test('P6: believed, and not in the store', () => {
    const { report, told } = gather();
    beliefsOver(report, () => recordOf({ token: token(2) })).begin(heldBy('p1', write));
    expect(told()).toEqual(['P6 p1']);
  });

  test.each([
    ['not while it may believe in what the store forgot', 1, []],
    ['when that is over by itself', 0, ['P1 p2']],
  ])('P1: %s', (_, leftMs, breaches) => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report);
    beliefs.forgot(keyOf('t'), recordOf({ token: token(1) }));
    endMs.ms = now.ms + leftMs;
    // Asked for after that, it sits on what others of its process took.
    now.ms += 0.5;
    beliefs.begin(heldBy('p1', write, { job: 'inner', who: 'inner' }));
    beliefs.begin(heldBy('p2', write));
    expect(told()).toEqual(breaches);
  });

  test.each([
    ['not when the store forgot the schema', 's.*', []],
    ['when it forgot something else', 's.a', ['P1 p1']],
  ])('P1: a table that one has by its schema: %s', (_, forgotten, breaches) => {
    const { report, told } = gather();
    const records: Record<string, string> = {
      [keyOf('s.*')]: recordOf({ token: token(1) }),
      [keyOf('s.b')]: recordOf({ token: token(2), mode: 'read' }),
    };
    const beliefs = beliefsOver(report, (key) => records[key]);
    beliefs.begin(heldBy('p2', [{ resource: 's.b', mode: 'read' }]));
    now.ms += 1;
    beliefs.forgot(keyOf(forgotten), recordOf({ token: token(2) }));
    endMs.ms = now.ms + 1;
    beliefs.begin(heldBy('p1', [{ resource: 's.b', mode: 'append' }]));
    expect(told()).toEqual(breaches);
  });

  test('P6: believed, and forgotten by the store: until its entry would be over by itself', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report, () => recordOf({ token: token(2) }));
    beliefs.forgot(keyOf('t'), everything);
    endMs.ms = now.ms + 1;
    const held = heldBy('p1', write);
    beliefs.begin(held);
    expect(told()).toEqual([]);
    endMs.ms = now.ms;
    beliefs.look(held);
    expect(told()).toEqual(['P6 p1']);
  });

  test('P8: without protection beside a lock of the same process', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report);
    const first = heldBy('p1', write);
    beliefs.begin(first);
    now.ms += 1;
    beliefs.begin({ ...heldBy('p1', write, { family: 'other', job: 'other' }, { isProtected: false }), process: first.process });
    expect(told()).toEqual(['P8 p1']);
  });

  test('P6: a lock that is renewed and lost, while nothing goes wrong', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report);
    const lost = (reason: string, change: Partial<Held> = {}): Held =>
      heldBy('p1', write, change, { signal: { aborted: true, reason: { reason } } as AbortSignal });
    beliefs.look(lost('max-hold'));
    const options = { ...heldBy('p1', write).options, heartbeat: false };
    beliefs.look(lost('expired', { options, fromMs: -options.ttlMs }));
    expect(told()).toEqual([]);
    beliefs.look(lost('expired'));
    expect(told()).toEqual(['P6 p1']);
    beliefs.look(lost('expired', { options }));
    expect(told()).toEqual(['P6 p1', 'P6 p1']);
  });

  test('a fence that does not grow', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report);
    for (const [who, fence] of [
      ['p1', 1n],
      ['p2', 3n],
      ['p1', 3n],
    ] as const) {
      const held = heldBy(who, write, {}, { fence });
      beliefs.begin(held);
      beliefs.end(held);
    }
    expect(told()).toEqual(['fence p1']);
  });

  test('a shortest hold and a limit', () => {
    const { report, told } = gather();
    const beliefs = beliefsOver(report, undefined, 1);
    const first = heldBy('p1', append, { options: { ...heldBy('p1', append).options, minHoldMs: 500 } });
    beliefs.begin(first);
    expect(told()).toEqual([]);
    beliefs.begin(heldBy('p2', append));
    expect(told()).toEqual(['limits p2']);
    for (const held of beliefs.open()) beliefs.end(held);
    beliefs.released(first);
    beliefs.begin(heldBy('p2', write));
    expect(told()).toEqual(['limits p2', 'minHold p2']);
    const forgetful = gather();
    const others = beliefsOver(forgetful.report);
    others.forgot(keyOf('t'), everything);
    endMs.ms = now.ms + 1;
    now.ms += 0.5;
    others.released({ ...first, askedMs: now.ms });
    others.begin(heldBy('p2', write));
    expect(forgetful.told()).toEqual([]);
    // Inside a schema that is held alone, since the append that stood there was forgotten.
    const inSchema = gather();
    const nested = beliefsOver(inSchema.report);
    const both = [{ resource: 's.*', mode: 'append' } as const, { resource: 't', mode: 'write' } as const];
    nested.released({ ...first, needs: both, askedMs: now.ms - 1 });
    nested.forgot(keyOf('s.*'), everything);
    nested.begin(heldBy('p2', write));
    expect(inSchema.told()).toEqual([]);
  });
});

describe('writes', () => {
  const before = recordOf({ token: token(1) });
  const writesAfter = (report: Report): ReturnType<typeof createWrites> => {
    const writes = createWrites({ ...clock, report, wallMs: () => now.ms });
    writes.changed({ by: 'p1', what: 'create', key: 'giveway:t', before: undefined, after: before });
    return writes;
  };

  test.each([
    ['takes out', undefined],
    ['puts another in its place', recordOf({ token: token(2) })],
    ['makes it shorter', recordOf({ token: token(1), until: 1 })],
    ['changes its mode', recordOf({ token: token(1), mode: 'read' })],
  ])('P4: another process %s what is alive', (_, after) => {
    const { report, told } = gather();
    writesAfter(report).changed({ by: 'p2', what: 'replace', key: 'giveway:t', before, after });
    expect(told()).toEqual(['P4 p2']);
  });

  test('P4: not its own, not what is over, not what was handed over', () => {
    const { report, told } = gather();
    const gone = { what: 'remove', key: 'giveway:t', before, after: undefined } as const;
    writesAfter(report).changed({ by: 'p1', ...gone });
    const handed = writesAfter(report);
    handed.handedOver([token(1)]);
    handed.changed({ by: 'p2', ...gone });
    const old = writesAfter(report);
    now.ms += 1_001;
    old.changed({ by: 'p2', ...gone });
    expect(told()).toEqual([]);
  });

  test('the owner of an entry believes in it until either of its clocks says that it is over', () => {
    let aheadMs = 0;
    const writes = createWrites({ ...clock, report: () => {}, wallMs: () => now.ms + aheadMs });
    writes.changed({ by: 'p1', what: 'create', key: 'giveway:t', before: undefined, after: recordOf({ token: token(1) }) });
    expect(writes.deadlineOf('giveway:t', token(1)) - now.ms).toBe(1_000);
    aheadMs = 400;
    expect(writes.deadlineOf('giveway:t', token(1)) - now.ms).toBe(600);
  });
});
