import { describe, expect, test } from '@jest/globals';
import { flushed, held, kindsOf, lost, refused } from './by-hand.ts';
import type { Line } from './history.ts';

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
    const of = (worker: string): Line[] => [{ what: 'doubted', worker, at: 110, until: 290 }];
    expect(kindsOf(release, of('a'), held('b', 200, 250))).toEqual([]);
    expect(kindsOf(release, of('b'), held('b', 200, 250))).toEqual(['stranger-freed']);
  });
});
