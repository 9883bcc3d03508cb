/** One seed, one world: processes, their store and what happens to them, and the checks that watch. */

import type { Backend, Request } from './backend.ts';
import { createBackend } from './backend.ts';
import type { Breach, Report } from './breaches.ts';
import { type Chance, createChance } from './chance.ts';
import { type Beliefs, createBeliefs } from './checks/beliefs.ts';
import { type Calls, createCalls } from './checks/calls.ts';
import { createSights, type Sights } from './checks/sights.ts';
import { createTurns, type Turns } from './checks/turns.ts';
import { createWrites, type Writes } from './checks/writes.ts';
import type { Fate } from './connection.ts';
import { createHistory, type History } from './history.ts';
import { kinds } from './kinds.ts';
import { createMember, type Member } from './member.ts';
import type { Plan, ProcessPlan } from './plan.ts';
import { createPushes, type Pushes } from './pushes.ts';
import { createTimeline, type Timeline } from './timeline.ts';

export interface World {
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly history: History;
  readonly chance: Chance;
  readonly backend: Backend;
  readonly pushes: Pushes;
  readonly beliefs: Beliefs;
  readonly writes: Writes;
  readonly calls: Calls;
  readonly sights: Sights;
  readonly turns: Turns;
  readonly members: ReadonlyMap<string, Member>;
  readonly breaches: Breach[];
  readonly report: Report;
  /** No two clocks are apart by more than giveway allows for. */
  readonly areNear: boolean;
  /** What becomes of a request. Scripts put their own in its place. */
  fate: (member: string, request: Request) => Fate;
  /** Another process, from now on. */
  join(plan: ProcessPlan): Member;
}

export function createWorld(plan: Plan): World {
  const kind = kinds[plan.kind];
  const chance = createChance(plan.seed);
  const timeline = createTimeline();
  const nowMs = (): number => timeline.nowMs;
  const history = createHistory(nowMs);
  const breaches: Breach[] = [];
  const report: Report = (promise, who, text) => {
    if (breaches.some((known) => known.promise === promise && known.who === who && known.text === text)) return;
    breaches.push({ atMs: nowMs(), promise, who, text });
    history.note(who, `*** ${promise}: ${text}`);
  };
  const { leastMs, mostMs, pushesLost: lost, pushesDoubled: doubled, pushesWithEntry: withEntry } = plan.wire;
  const pushes = createPushes(timeline, chance, { leastMs, mostMs, lost, doubled, withEntry });
  const members = new Map<string, Member>();
  const writes = createWrites({ nowMs, report, wallMs: (name) => members.get(name)?.process.clock.wallMs() ?? 0 });
  const backend = createBackend({
    kind,
    timeline,
    chance,
    changed(change) {
      if (change.by === undefined) beliefs.forgot(change.key, change.before);
      writes.changed(change);
      pushes.tell(change, backend);
    },
  });
  const areNear = plan.processes.every((one) => plan.processes.every((other) => Math.abs(one.wallAheadMs - other.wallAheadMs) < 2_000));
  const { ownerOf, endOf, isHandedOver } = writes;
  const beliefs = createBeliefs({
    nowMs,
    report,
    ownerOf,
    endOf,
    areNear,
    // Slower wires may make many renewals of one record race one another for longer than a TTL.
    isCalm: plan.mishaps.length === 0 && plan.wire.faults === 0 && mostMs <= 3,
    areStill: plan.mishaps.every(({ what }) => what !== 'wall'),
    value: backend.value,
    limit: plan.limit > 0 ? { resource: plan.resources[0] as string, appends: plan.limit } : undefined,
  });
  const crashedMs = (name: string): number | undefined => members.get(name)?.process.crashedMs;
  const sights = createSights({ nowMs, report, ownerOf, isHandedOver, endOf, crashedMs, areNear });
  const world: World = {
    plan,
    timeline,
    history,
    chance,
    backend,
    pushes,
    beliefs,
    writes,
    sights,
    turns: createTurns(report),
    calls: createCalls({ nowMs, report }),
    members,
    breaches,
    report,
    areNear,
    fate: () => ({ what: 'answered', thereMs: chance.within(leastMs, mostMs), backMs: chance.within(leastMs, mostMs) }),
    join(process) {
      const member = createMember(world, process, members.size + 1);
      members.set(process.name, member);
      return member;
    },
  };
  for (const process of plan.processes) world.join(process);
  return world;
}
