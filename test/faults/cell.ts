import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessServer } from '../support/services.ts';
import type { Backend } from './backends.ts';
import { check, type FindingKind, type Verdict } from './check.ts';
import { type Beside, type Fleet, startFleet, suffixOf } from './fleet.ts';
import { type Line, sharedClockMs } from './history.ts';
import { type Arena, type Nemesis, pastTtlMs } from './nemesis.ts';
import { probe } from './probe.ts';
import { seededRandom } from './random.ts';
import { terms } from './terms.ts';
import type { VariantName } from './unsafe.ts';

export interface CellOptions {
  readonly seed: string;
  /** How long the nemesis strikes, at least once. */
  readonly seconds: number;
  /** Default `as built`. */
  readonly variant?: VariantName;
  /** Every second worker is of this version. */
  readonly beside?: Beside | undefined;
  /** It also stops as soon as this has been found. */
  readonly until?: FindingKind;
}

/** One store under one nemesis. */
export interface Cell {
  readonly verdict: Verdict;
  readonly history: readonly Line[];
  /** Of its acquisitions, those of the version beside. */
  readonly besides: number;
  readonly tookMs: number;
}

let cells = 0;
const recoversWithinMs = 10_000;

/** A fleet at work, struck, left alone until it is well again, ended, and judged by what it wrote down. */
export async function runCell(
  { backend, server }: { readonly backend: Backend; readonly server: ProcessServer },
  nemesis: Nemesis,
  { seed, seconds, variant = 'as built', beside, until }: CellOptions,
): Promise<Cell> {
  const startedAt = sharedClockMs();
  const cellSeed = `${seed} ${backend.name} ${nemesis.name}`;
  const namespace = `faults-${process.pid}-${++cells}`;
  const modes = nemesis.modes ?? 'all';
  // Of a Redis that another cell has filled, each new connection evicts some: eight of them 435 of 1,938 keys, and once a record of this cell.
  await backend.flush(server);
  const fleet = await startFleet({ backend, server }, { namespace, seed: cellSeed, variant, modes }, beside);
  const arena: Arena = { backend, server, fleet, random: seededRandom(cellSeed), pastTtlMs: pastTtlMs(backend) };
  try {
    await untilEachAcquires(fleet);
    const endsAt = sharedClockMs() + seconds * 1_000;
    do {
      const at = sharedClockMs();
      await nemesis.strike(arena).catch((error: unknown) => {
        if (fleet.members().length > 0) throw error; // else there is nobody left to strike, and the verdict says so
      });
      fleet.note({ what: 'struck', at, until: sharedClockMs() });
    } while (sharedClockMs() < endsAt && fleet.members().length > 0 && !hasFound(fleet, until));
    await untilEachAcquires(fleet);
  } finally {
    await fleet.end();
  }
  const history = [...fleet.history(), ...(await probe(backend, server, namespace))];
  const besides = history.filter(
    (line) => line.what === 'acquired' && beside !== undefined && line.worker.endsWith(suffixOf(beside)),
  ).length;
  return { verdict: check(history, terms), history, besides, tookMs: sharedClockMs() - startedAt };
}

function hasFound(fleet: Fleet, wanted: FindingKind | undefined): boolean {
  return wanted !== undefined && check(fleet.history(), terms).findings.some(({ kind }) => kind === wanted);
}

/** From now on. Who takes nothing is noted. */
async function untilEachAcquires(fleet: Fleet): Promise<void> {
  const since = sharedClockMs();
  const idle = () =>
    fleet.members().filter(({ lines }) => !lines.some((line) => line.what === 'acquired' && line.isProtected && line.at > since));
  while (idle().length > 0 && sharedClockMs() - since < recoversWithinMs) await sleep(10);
  for (const { name } of idle()) fleet.note({ what: 'starved', at: sharedClockMs(), worker: name });
}
