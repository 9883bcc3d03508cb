import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { check, type FindingKind } from './check.ts';
import type { Line } from './history.ts';
import { nemeses } from './nemeses/index.ts';
import type { Terms } from './terms.ts';

const terms: Terms = { ttlMs: 1_000, timeoutMs: 300, slackMs: 400 };
const limitMs = 4_000;

interface Held {
  readonly resource?: string;
  readonly mode?: 'write' | 'append' | 'read';
  readonly isProtected?: boolean;
  /** Times at which the store confirmed it; the first is the acquisition. Default: its start, and every 300 ms. */
  readonly confirmed?: readonly number[];
  readonly released?: 'ours' | 'not-ours' | 'failed';
}

/** A turn that asked, held and looked from `from` to `to`, and let go. */
function held(worker: string, from: number, to: number, options: Held = {}): Line[] {
  const { resource = 'events', mode = 'write', isProtected = true, released = 'ours' } = options;
  const about = { worker, turn: from };
  const confirmed = options.confirmed ?? Array.from({ length: Math.ceil((to - from) / 300) || 1 }, (_, beat) => from + beat * 300);
  return [
    { what: 'ask', at: from, ...about, needs: [{ resource, mode }], limitMs },
    ...confirmed.map((at): Line => ({ what: 'confirmed', at, until: at, worker, resource })),
    { what: 'acquired', at: from, ...about, isProtected, holdMs: to - from },
    { what: 'look', at: from, ...about },
    { what: 'look', at: to, ...about },
    { what: 'done', at: to, ...about, limitMs },
    { what: 'released', at: to + 1, ...about, outcome: released },
  ];
}

/** A turn that was told "busy". */
function refused(worker: string, at: number, resource = 'events'): Line[] {
  const about = { worker, turn: at };
  return [
    { what: 'ask', at, ...about, needs: [{ resource, mode: 'write' }], limitMs },
    { what: 'busy', at: at + 1, ...about, resource },
  ];
}

/** A turn that held from `from`, looked until `to`, and then was told that the lock is lost. */
function lost(
  worker: string,
  from: number,
  to: number,
  reason: 'vanished' | 'stolen' | 'expired' = 'vanished',
  confirmed = [from],
): Line[] {
  const about = { worker, turn: from };
  return [
    ...held(worker, from, to, { confirmed }).filter(({ what }) => what !== 'done' && what !== 'released'),
    { what: 'lost', at: to + 1, ...about, reason },
    { what: 'done', at: to + 1, ...about, limitMs },
    { what: 'released', at: to + 2, ...about, outcome: 'not-ours' },
  ];
}

const kindsOf = (...parts: readonly (readonly Line[])[]): readonly FindingKind[] => [
  ...new Set(check(parts.flat(), terms).findings.map(({ kind }) => kind)),
];
const flushed = (at: number, until = at + 5): Line[] => [{ what: 'forgot', at, until, everything: true }];

describe('overlaps', () => {
  test('one after the other is none, in whatever order the lines come', () => {
    const verdict = check([...held('b', 200, 300), ...held('a', 0, 199)], terms);
    expect(verdict).toMatchObject({ acquisitions: 2, explained: 0, unexplained: 0, findings: [] });
  });

  test('two writers at once', () => {
    expect(check([...held('a', 0, 100), ...held('b', 50, 150)], terms)).toMatchObject({ unexplained: 1 });
    expect(kindsOf(held('a', 0, 100), held('b', 50, 150))).toContain('overlap');
  });

  test('a long one is compared with all that fall into it', () => {
    const verdict = check([...held('a', 0, 900), ...held('b', 100, 150), ...held('c', 700, 800)], terms);
    expect(verdict.unexplained).toBe(2);
  });

  test.each([
    ['append', 'append', 0],
    ['read', 'read', 0],
    ['append', 'read', 1],
    ['read', 'write', 1],
    ['write', 'append', 1],
  ] as const)('%s beside %s', (first, second, unexplained) => {
    expect(check([...held('a', 0, 100, { mode: first }), ...held('b', 50, 150, { mode: second })], terms)).toMatchObject({ unexplained });
  });

  test('two resources, and a lock that was taken without the store, are none', () => {
    expect(kindsOf(held('a', 0, 100), held('b', 50, 150, { resource: 'visits' }))).toEqual([]);
    expect(kindsOf(held('a', 0, 100), held('b', 50, 150, { isProtected: false, confirmed: [] }))).toEqual([]);
  });

  test('a holder that was stopped and wrote nothing after it is none; one that wrote is', () => {
    const pause: Line[] = [{ what: 'paused', at: 50, until: 2_000, worker: 'a' }];
    expect(kindsOf(lost('a', 0, 49, 'expired'), pause, held('b', 1_200, 1_300))).toEqual([]);
    expect(kindsOf(held('a', 0, 2_001, { confirmed: [0] }), pause, held('b', 1_200, 1_300))).toEqual(
      expect.arrayContaining(['overlap', 'late-loss']),
    );
  });
});

describe('what the store may lose', () => {
  test('explains an overlap that ends by the next heartbeat', () => {
    expect(check([...lost('a', 0, 600), ...flushed(100), ...held('b', 150, 250)], terms)).toMatchObject({
      explained: 1,
      unexplained: 0,
      losses: 1,
      findings: [],
    });
  });

  test('and none that goes on after it', () => {
    expect(kindsOf(lost('a', 0, 900), flushed(100), held('b', 850, 950))).toEqual(['overlap', 'late-loss']);
  });

  test('and none with somebody who came after it', () => {
    expect(kindsOf(flushed(100), held('a', 200, 400), held('b', 300, 350))).toEqual(expect.arrayContaining(['overlap']));
  });

  test('of two, the one whose claim is older has to learn of it', () => {
    // b took two tables; it had the first of them, which was forgotten, long before it had both.
    const late = lost('b', 160, 300, 'vanished', [20]);
    expect(check([...late, ...flushed(100), ...held('a', 150, 200)], terms)).toMatchObject({ explained: 1, findings: [] });
  });

  test('a loss that is not signalled is seen without anybody else', () => {
    expect(kindsOf(held('a', 0, 900, { confirmed: [0] }), flushed(100))).toEqual(['late-loss']);
  });

  test('nor is a record that was put back a record that was kept', () => {
    expect(kindsOf(held('a', 0, 900, { confirmed: [0, 300, 600] }), flushed(100))).toEqual(['late-loss']);
  });
});

describe('strangers', () => {
  test('a release that removes what somebody else has by now', () => {
    const removed = (at: number): Line[] => [{ what: 'removed', at, until: at + 1, worker: 'a', resource: 'events' }];
    expect(kindsOf(lost('a', 0, 49, 'expired'), held('b', 1_900, 2_100), removed(2_000))).toEqual(['stranger-freed']);
    expect(kindsOf(held('b', 1_900, 2_100), held('a', 2_101, 2_110), removed(2_110))).toEqual([]);
  });

  test('not a release that may have come after the other one had gone', () => {
    const removed: Line[] = [{ what: 'removed', at: 150, until: 250, worker: 'a', resource: 'events' }];
    const [mine, theirs] = [held('a', 0, 150, { mode: 'append' }), held('b', 100, 200, { mode: 'append' })];
    expect(kindsOf(mine, theirs, removed)).toEqual([]);
  });

  test('a sharer that takes the others out with it', () => {
    const removed: Line[] = [{ what: 'removed', at: 150, until: 151, worker: 'a', resource: 'events' }];
    const [mine, theirs] = [held('a', 0, 150, { mode: 'append' }), held('b', 100, 200, { mode: 'append' })];
    expect(kindsOf(mine, theirs, removed)).toEqual(['stranger-freed']);
  });

  test('a lock that was gone before its deadline, though the store forgets nothing', () => {
    expect(kindsOf(lost('a', 0, 400))).toEqual(['stranger-freed']);
    expect(kindsOf(lost('a', 0, 400, 'stolen'))).toEqual(['stranger-freed']);
    expect(kindsOf(held('a', 0, 400, { released: 'not-ours' }))).toEqual(['stranger-freed']);
  });

  test('not one that was gone after its deadline, or that the store forgot', () => {
    expect(kindsOf(lost('a', 0, 1_000))).toEqual([]);
    expect(kindsOf(lost('a', 0, 400), flushed(100))).toEqual([]);
  });

  test('nor one that the store forgot, whose process had confirmed the next before it knew', () => {
    const slow: Line[] = held('a', 0, 100, { released: 'not-ours' }).map((line) =>
      line.what === 'released' ? { ...line, at: 300 } : line,
    );
    const next: Line[] = [{ what: 'confirmed', at: 290, until: 295, worker: 'a', resource: 'events' }];
    expect(kindsOf(slow, next, flushed(50))).toEqual([]);
    expect(kindsOf(slow, next)).toEqual(['stranger-freed']);
  });

  test('nor one that the store forgot, whose process had asked for the next before it told', () => {
    // Both lines are written by what one answer sets off: the next request may be sent before the loss is told.
    const next = (until: number): Line[] => [{ what: 'confirmed', at: 300, until, worker: 'a', resource: 'events' }];
    expect(kindsOf(lost('a', 0, 300), next(320), flushed(200))).toEqual([]);
    expect(kindsOf(lost('a', 0, 300), next(320))).toEqual(['stranger-freed']);
    expect(kindsOf(lost('a', 0, 310), next(305), flushed(200))).toEqual(['stranger-freed']);
  });

  test('while answers get lost, "no longer ours" is an answer if somebody else came meanwhile', () => {
    const doubted: Line[] = [{ what: 'doubted', at: 0, until: 5_000 }];
    const release: Line[] = held('a', 0, 100, { released: 'not-ours' }).map((line) =>
      line.what === 'released' ? { ...line, at: 300 } : line,
    );
    expect(kindsOf(release, doubted, held('b', 200, 250))).toEqual([]);
    const sharer = (line: Line): Line =>
      line.what === 'ask' ? { ...line, needs: line.needs.map((need) => ({ ...need, mode: 'read' })) } : line;
    expect(kindsOf(release.map(sharer), doubted, held('b', 200, 250).map(sharer))).toEqual([]);
    const unanswered: Line[] = refused('b', 200).map((line) => (line.what === 'busy' ? { ...line, what: 'broken', code: 'x' } : line));
    expect(kindsOf(release, doubted, unanswered)).toEqual([]);
    const half: Line[] = refused('b', 200).map((line) =>
      line.what === 'ask' ? { ...line, needs: [...line.needs, { resource: 'visits', mode: 'write' }] } : line,
    );
    expect(kindsOf(release, doubted, half)).toEqual([]);
    expect(kindsOf(release, doubted, refused('b', 200))).toEqual(['stranger-freed']);
    expect(kindsOf(release, doubted)).toEqual(['stranger-freed']);
    expect(kindsOf(release, held('b', 200, 250))).toEqual(['stranger-freed']);
  });
});

describe('losses', () => {
  test('nobody believes in a lock past its deadline', () => {
    expect(kindsOf(held('a', 0, 1_001, { confirmed: [0] }))).toEqual(['late-loss']);
    expect(kindsOf(held('a', 0, 1_001, { confirmed: [0, 330] }))).toEqual([]);
  });
});

describe('orphans', () => {
  test('busy because of a holder that was killed, within ttlMs + 3 s and after it', () => {
    const killed: Line[] = [{ what: 'killed', at: 100, worker: 'a' }];
    const dead = held('a', 0, 50).filter(({ what }) => what !== 'done' && what !== 'released');
    expect(kindsOf(dead, killed, refused('b', 4_000))).toEqual([]);
    expect(kindsOf(dead, killed, refused('b', 4_200))).toEqual(['orphan']);
  });

  test('busy where nobody has been', () => {
    expect(kindsOf(held('a', 0, 50), refused('b', 100, 'visits'))).toEqual(['orphan']);
  });

  test('who asked for two and was refused may have had one of them meanwhile', () => {
    const both: Line[] = refused('a', 90).map((line) =>
      line.what === 'ask' ? { ...line, needs: [...line.needs, { resource: 'visits', mode: 'write' }] } : { ...line, at: 110 },
    );
    expect(kindsOf(held('c', 0, 50), both, refused('b', 100, 'visits'))).toEqual([]);
  });

  test('a request that failed may have been done: its record stands for its TTL', () => {
    const ask: Line[] = refused('a', 0).map((line) => (line.what === 'busy' ? { ...line, what: 'broken', code: 'x' } : line));
    expect(kindsOf(ask, refused('b', 3_000))).toEqual([]);
    expect(kindsOf(ask, refused('b', 5_000))).toEqual(['orphan']);
  });
});

describe('hangs', () => {
  const asked: Line[] = held('a', 0, 50).slice(0, 1);
  const later: Line[] = held('b', 9_000, 9_010, { resource: 'visits' });

  test('a call that ends too late, or never', () => {
    expect(kindsOf(asked, later)).toEqual(['hang']);
    expect(kindsOf(held('a', 0, 50).map((line) => (line.what === 'released' ? { ...line, at: 4_100 } : line)))).toEqual(['hang']);
  });

  test('time in which the process was stopped, or dead, does not count', () => {
    expect(kindsOf(asked, later, [{ what: 'paused', at: 10, until: 8_000, worker: 'a' }])).toEqual([]);
    expect(kindsOf(asked, later, [{ what: 'killed', at: 10, worker: 'a' }])).toEqual([]);
  });

  test('a worker that does not stop, and one that takes nothing any more', () => {
    expect(kindsOf([{ what: 'stuck', at: 0, worker: 'a' }])).toEqual(['hang']);
    expect(kindsOf([{ what: 'starved', at: 0, worker: 'a' }])).toEqual(['hang']);
  });
});

describe('ends', () => {
  const exited: Line = { what: 'exited', at: 10, worker: 'a', code: 0 };

  test('in silence, with whatever code', () => {
    expect(kindsOf([exited])).toEqual(['bad-end']);
    expect(kindsOf([{ what: 'bye', at: 9, worker: 'a' }, exited])).toEqual([]);
    expect(kindsOf([{ what: 'killed', at: 9, worker: 'a' }, exited])).toEqual([]);
  });

  test('an unhandled rejection', () => {
    expect(kindsOf([{ what: 'unhandled', at: 0, worker: 'a', error: 'Error: no' }])).toEqual(['bad-end']);
  });
});

test('docs/faults.md lists every fault', () => {
  const page = readFileSync(join(__dirname, '../../docs/faults.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|`]+) \| ([^|]+) \|$/gm)].map(([, name = '', does = '']) => [name, does]);
  expect(rows.filter(([name]) => name !== 'fault' && !name?.startsWith('--'))).toEqual(nemeses.map(({ name, does }) => [name, does]));
});
