/** Calls, events and what is left behind: a history that is right, and ones that are wrong by one thing. */
import { describe, expect, test } from '@jest/globals';
import type { Holder } from '../../../src/index.ts';
import type { Report } from '../breaches.ts';
import { drawPlan } from '../draw.ts';
import { keyOf } from '../observed.ts';
import { inWorld } from '../play.ts';
import type { Mode } from '../records.ts';
import { createCalls } from './calls.ts';
import { createEndings } from './endings.ts';
import { leftByClosed, leftByIdle } from './leftovers.ts';
import { clock, gather, now, processOf, recordOf, token, write } from './made.ts';
import { createSights } from './sights.ts';
import { createTurns } from './turns.ts';

test('P7: a call that takes too long, but not the time in which its process ran no code', () => {
  const { report, told } = gather();
  const calls = createCalls({ ...clock, report });
  const slow = calls.begin(processOf('p1'), 'slow', 'lock', 100);
  const stopped = calls.begin(processOf('p1', { stoppedMs: 200 }), 'stopped', 'lock', 400);
  now.ms += 300;
  slow.settle();
  stopped.settle();
  expect(told()).toEqual(['P7 slow']);
  calls.begin(processOf('p1'), 'open', 'lock', 100);
  now.ms += 300;
  calls.mustEnd();
  expect(told()).toEqual(['P7 slow', 'P7 open']);
});

describe('endings', () => {
  test.each<[string, (endings: ReturnType<typeof createEndings>) => void]>([
    ['acquired without an end', (endings) => endings.acquired(1, 'j')],
    ['lost twice', (endings) => [endings.acquired(1, 'j'), endings.lost(1), endings.lost(1)]],
    ['lost after its release', (endings) => [endings.acquired(1, 'j'), endings.let(1), endings.lost(1)]],
    ['released twice', (endings) => [endings.acquired(1, 'j'), endings.let(1), endings.let(1)]],
    ['released, never acquired', (endings) => endings.let(1)],
    ['waiting without an end', (endings) => [endings.waiting('j'), endings.settled('j', false)]],
    ['skipped twice', (endings) => [endings.skipped('j'), endings.skipped('j'), endings.settled('j', false)]],
  ])('%s', (_, play) => {
    const { report, told } = gather();
    const endings = createEndings(report, 'p1');
    play(endings);
    endings.mustBeOver();
    expect(told()).toEqual(['events p1']);
  });

  test('nothing is wrong with one end for each beginning', () => {
    const { report, told } = gather();
    const endings = createEndings(report, 'p1');
    endings.waiting('j');
    endings.acquired(1, 'j');
    endings.settled('j', false);
    endings.lost(1);
    endings.let(1);
    endings.mustBeOver();
    expect(told()).toEqual([]);
  });
});

describe('sights', () => {
  const holder = { token: token(2), job: 'j', mode: 'write' } as Holder;
  const sightsOf = (report: Report, crashed = true): ReturnType<typeof createSights> =>
    createSights({
      ...clock,
      report,
      ownerOf: (text) => (text === token(2) ? 'p2' : undefined),
      isHandedOver: () => false,
      crashedMs: () => (crashed ? 0 : undefined),
      endOf: () => 0,
      areNear: true,
    });

  test('P8: without protection beside a holder that was just seen', () => {
    const { report, told } = gather();
    const sights = sightsOf(report);
    const p1 = processOf('p1');
    sights.saw(p1, keyOf('t'), recordOf({ token: token(2), latestEnd: now.ms - 1 }));
    sights.unprotected(p1, 'p1', write, now.ms);
    sights.saw(p1, keyOf('t'), recordOf({ token: token(2), latestEnd: now.ms + 1_000 }));
    sights.unprotected(p1, 'p1', write, now.ms + 1);
    sights.blurred(p1, keyOf('t'));
    sights.unprotected(p1, 'p1', write, now.ms);
    expect(told()).toEqual([]);
    sights.saw(p1, keyOf('t'), recordOf({ token: token(2), latestEnd: now.ms + 1_000 }));
    sights.unprotected(p1, 'p1', write, now.ms);
    expect(told()).toEqual(['P8 p1']);
  });

  test('P10: busy, and not by whom, or by somebody whom the store never saw, or with something else', () => {
    const { report, told } = gather();
    const sights = sightsOf(report, false);
    sights.refused(processOf('p1'), 'right', write, 't', [holder]);
    sights.refused(processOf('p1'), 'nobody', write, 't', []);
    sights.refused(processOf('p1'), 'stranger', write, 't', [{ ...holder, token: token(3) }]);
    sights.refused(processOf('p1'), 'elsewhere', write, 'u', [holder]);
    expect(told()).toEqual(['P10 nobody', 'P10 stranger', 'P10 elsewhere']);
  });

  test('P3: refused by the dead', () => {
    const { report, told } = gather();
    const p1 = processOf('p1');
    const refuse = (sights: ReturnType<typeof createSights>, who: string, mode: Mode): void => {
      sights.saw(p1, keyOf('t'), recordOf({ token: token(2) }));
      sights.refused(p1, who, [{ resource: 't', mode }], 't', [{ ...holder, mode }]);
    };
    now.ms = 2_900;
    refuse(sightsOf(report), 'in time', 'write');
    const stale = sightsOf(report);
    stale.saw(p1, keyOf('t'), recordOf({ token: token(2) }));
    now.ms = 3_100;
    stale.refused(p1, 'not answered since', write, 't', [holder]);
    refuse(sightsOf(report, false), 'alive', 'write');
    refuse(sightsOf(report), 'shared', 'append');
    refuse(sightsOf(report), 'late', 'write');
    expect(told()).toEqual(['P3 late']);
  });
});

test('turns: whoever asked later is served first', () => {
  const { report, told } = gather();
  const turns = createTurns(report);
  const [first, second] = ['first', 'second'].map((who) => turns.asked(processOf('p1'), who, write));
  turns.asked(processOf('p2'), 'elsewhere', write)(true);
  second?.(true);
  first?.(true);
  expect(told()).toEqual(['order second']);
});

test('leftovers: an entry of nobody, a timer after the end', () =>
  inWorld(drawPlan(1, false), async (world) => {
    const [member] = world.members.values();
    if (member === undefined) throw new Error('a world without processes');
    leftByIdle(world);
    leftByClosed(world, member);
    expect(world.breaches).toEqual([]);
    const value = recordOf({ token: token(1), until: member.process.clock.wallMs() + 1_000 });
    world.backend.apply({ what: 'create', key: 'giveway:a', value, ttlMs: 1_000 }, member.name, '');
    member.process.clock.setTimer(() => {}, 1_000);
    leftByIdle(world);
    leftByClosed(world, member);
    expect(world.breaches.map(({ text }) => text)).toEqual([
      'holds nothing, and has the entry of j in giveway:a',
      'closed, and leaves 1 timers',
      'closed, and leaves the entry of j in giveway:a',
    ]);
  }));
