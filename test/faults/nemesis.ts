import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessServer } from '../support/services.ts';
import type { Backend } from './backends.ts';
import type { Fleet, Member } from './fleet.ts';
import { sharedClockMs } from './history.ts';
import type { Random } from './random.ts';
import { terms } from './terms.ts';

/** Where a nemesis strikes. */
export interface Arena {
  readonly backend: Backend;
  readonly server: ProcessServer;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Longer than a key lives without its holder. */
  readonly pastTtlMs: number;
}

/** A fault, as data. */
export interface Nemesis {
  readonly name: string;
  /** One line for people. */
  readonly does: string;
  /** Default: every store. */
  readonly suits?: (backend: Backend) => boolean;
  /** The modes that the work uses. Default `all`. */
  readonly modes?: 'all' | 'write';
  /** Strikes once, and mends what it broke. Called until the time is over. */
  strike(arena: Arena): Promise<void>;
}

const leastLeftMs = 150;

/** A worker that holds a lock and will for a while: the one to hit. After 3 s without one, any worker. */
export async function holderIn({ fleet, random }: Arena): Promise<Member> {
  for (const giveUpAt = sharedClockMs() + 3_000; ; await sleep(5)) {
    const candidates = fleet.members().filter(isHolding);
    if (candidates.length > 0) return random.pick(candidates);
    if (sharedClockMs() > giveUpAt) return random.pick(fleet.members());
  }
}

function isHolding({ lines }: Member): boolean {
  const over = new Set<number>();
  for (const line of lines.toReversed()) {
    if (line.what === 'done' || line.what === 'lost') over.add(line.turn);
    else if (line.what === 'acquired' && line.at < sharedClockMs() - 2_000) return false;
    else if (line.what === 'acquired' && !over.has(line.turn) && line.at + line.holdMs - sharedClockMs() > leastLeftMs) return true;
  }
  return false;
}

/** Blocks the event loop of a holder until its key is gone, see `worker.ts`. Resolves with the holder when it is awake again. */
export async function stallHolder(arena: Arena, command: 'stall' | 'rewind' | 'sleep'): Promise<Member> {
  const member = await holderIn(arena);
  const pauses = (): number => member.lines.filter(({ what }) => what === 'paused').length;
  const before = pauses();
  member.command(`${command} ${arena.pastTtlMs}`);
  const giveUpAt = sharedClockMs() + 4 * arena.pastTtlMs;
  while (pauses() === before && sharedClockMs() < giveUpAt) await sleep(5);
  return member;
}

/** Writes into the history that the store may have lost records while `loses` ran, and for `alsoMs` after it. */
export async function forgetting(arena: Arena, everything: boolean, loses: () => Promise<void>, alsoMs = 0): Promise<void> {
  const at = sharedClockMs();
  await loses();
  arena.fleet.note({ what: 'forgot', at, until: sharedClockMs() + alsoMs, everything });
}

/** Longer than any key of a holder that does not renew lives on this store. */
export function pastTtlMs({ overstayMs }: Backend): number {
  return terms.ttlMs + overstayMs + 400;
}
