import { expect } from '@jest/globals';
import type { Lock, ResourceLocker, SerializedLock } from '../../../src/index.ts';
import type { Request } from '../backend.ts';
import type { Fate } from '../connection.ts';
import type { KindName } from '../kinds.ts';
import type { Member } from '../member.ts';
import type { Plan } from '../plan.ts';
import { inWorld } from '../play.ts';
import type { World } from '../world.ts';

/** A world that a test plays by hand: three processes, a wire that takes a millisecond each way, and no mishap but those it orders. */
export interface Stage {
  readonly world: World;
  readonly p1: ResourceLocker;
  readonly p2: ResourceLocker;
  readonly p3: ResourceLocker;
  member(name: 'p1' | 'p2' | 'p3'): Member;
  /** Time passes. */
  pass(ms: number): Promise<void>;
  /** Time passes until `promise` has settled, and no further; at most `withinMs`. */
  settle<T>(promise: Promise<T>, withinMs?: number): Promise<T>;
  /** Hands a lock over, and tells the checks, so that its heir may take its entries. */
  handOver(lock: Lock): Promise<SerializedLock>;
  /** What becomes of requests from now on, where `rule` says so. */
  wire(rule: (member: string, request: Request, count: number) => Partial<Fate> | undefined): void;
}

const wire = { leastMs: 1, mostMs: 1, deadlineMs: 300, faults: 0, pushesLost: 0, pushesDoubled: 0, pushesWithEntry: 0 };
/** Longer than any call of these tests may take. */
const longestMs = 60_000;

interface Setting {
  readonly resources?: readonly string[];
  /** At most so many appends at once on the first resource. */
  readonly limit?: number;
  /** After so long the stores give a call up. */
  readonly deadlineMs?: number;
  readonly limitEvents?: number;
  /** What the store calls says what stands there. */
  readonly callsWithEntry?: boolean;
}

export async function stage(kind: KindName, script: (stage: Stage) => Promise<void>, setting: Setting = {}): Promise<void> {
  const { resources = [], limit = 0, deadlineMs = wire.deadlineMs, limitEvents = 1_000_000, callsWithEntry = false } = setting;
  const processes = ['p1', 'p2', 'p3'].map((name) => ({ name, host: `h${name.slice(1)}`, wallAheadMs: 0, tasks: [] }));
  const plan: Plan = {
    seed: 1,
    kind,
    wire: { ...wire, deadlineMs, pushesWithEntry: callsWithEntry ? 1 : 0 },
    resources,
    limit,
    processes,
    mishaps: [],
  };
  await inWorld(plan, async (world) => {
    const { timeline } = world;
    const well = world.fate;
    const member = (name: string): Member => world.members.get(name) as Member;
    const pass = async (ms: number): Promise<void> => {
      let over = false;
      timeline.after(ms, () => {
        over = true;
      });
      await timeline.run({ limitMs: Number.POSITIVE_INFINITY, limitEvents, done: () => over });
    };
    const settle: Stage['settle'] = async (promise, withinMs = longestMs) => {
      let over = false;
      const settled = promise.finally(() => {
        over = true;
      });
      settled.catch(() => {});
      const outcome = await timeline.run({ limitMs: timeline.nowMs + withinMs, limitEvents, done: () => over });
      if (!over) throw new Error(`the promise did not settle within ${withinMs} ms: ${outcome}`);
      return settled;
    };
    try {
      await script({
        world,
        p1: member('p1').locker,
        p2: member('p2').locker,
        p3: member('p3').locker,
        member,
        pass,
        settle,
        async handOver(lock) {
          const handed = await settle(lock.handOver());
          world.writes.handedOver(handed.entries.map(({ token }) => token));
          return handed;
        },
        wire(rule) {
          let count = 0;
          world.fate = (name, request) => ({ ...well(name, request), ...rule(name, request, count++) });
        },
      });
      expect(world.breaches).toEqual([]);
    } catch (error) {
      if (error instanceof Error) error.message += `\n\n${world.history.lines().slice(-80).join('\n')}`;
      throw error;
    }
  });
}
