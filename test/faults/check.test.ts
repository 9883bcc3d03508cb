import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { flushed, held, kindsOf, lost, refused, terms } from './by-hand.ts';
import { check } from './check.ts';
import type { Line } from './history.ts';
import { nemeses } from './nemeses/index.ts';

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
