import type { Pool } from 'pg';
import type { ResourceLocker } from '../src/index.ts';
import { checkTables } from './check.ts';
import type { Crew } from './crew.ts';
import { resetTables } from './database.ts';
import { conflictsIn, type Load, sumTallies, type Tally } from './messages.ts';
import { leastConflicts, type PlayedRound } from './summary.ts';
import { rewriteRollup, updateDelays, withGiveway, withoutGiveway } from './workload.ts';

/** What plays: the workers, and a desk of our own for the last run of the jobs. */
export interface Stage {
  readonly crew: Crew;
  readonly pool: Pool;
  readonly locker: ResourceLocker;
  /** SQL that is run before each check: the demo's own test breaks the tables with it. */
  readonly sabotage: string | undefined;
}

const lightLoad: Load = {
  updates: { loops: 1, pauseMs: 150 },
  rollups: { loops: 1, pauseMs: 150 },
  batches: { loops: 8, pauseMs: 50 },
  reads: { loops: 4, pauseMs: 25 },
};
const mostLoads = 4;
const longestWarmUpMs = 2_000;

export type OnProgress = (tally: Tally, secondsIn: number) => void;

/** Plays one round from a fresh start, brings the derived tables up to date, and checks everything. */
export async function playRound(
  stage: Stage,
  round: { giveway: boolean; ms: number; load: Load },
  onProgress: OnProgress,
): Promise<PlayedRound> {
  const { crew, pool, locker, sabotage } = stage;
  await resetTables(pool);
  const startMs = performance.now();
  const results = await crew.play(round, (tally) => onProgress(tally, (performance.now() - startMs) / 1_000));
  const desk = { pool, takeTurn: round.giveway ? withGiveway(locker) : withoutGiveway, onConflict: () => {} };
  await updateDelays(desk);
  await rewriteRollup(desk);
  if (sabotage) await pool.query(sabotage);
  const findings = await checkTables(
    pool,
    results.map(({ tally }) => tally.batches.done),
  );
  return { giveway: round.giveway, results, findings };
}

/** Plays short rounds without giveway, each with more load, until `msWithout` of it will bring conflicts enough. */
export async function findLoad(stage: Stage, msWithout: number, onProgress: OnProgress): Promise<Load> {
  const ms = Math.min(longestWarmUpMs, msWithout / 2);
  await playRound(stage, { giveway: true, ms, load: lightLoad }, onProgress); // everybody's first time is slow
  let load = lightLoad;
  for (let loads = 1; loads < mostLoads; loads++) {
    const { results } = await playRound(stage, { giveway: false, ms, load }, onProgress);
    const conflicts = conflictsIn(sumTallies(results.map(({ tally }) => tally)));
    // Half as many again as needed: rounds differ.
    if (conflicts * (msWithout / ms) >= 1.5 * leastConflicts) break;
    load = heavier(load);
  }
  return load;
}

/** It is the jobs that conflict, so more of them; more of everything would only keep the machine busy. */
function heavier(load: Load): Load {
  const more = ({ loops, pauseMs }: Load['updates']): Load['updates'] => ({ loops: loops + 1, pauseMs: pauseMs / 2 });
  return { ...load, updates: more(load.updates), rollups: more(load.rollups) };
}

/** Turn and turn about, so that neither way has the better half: without, with, with, without, … */
export function order(rounds: number): readonly boolean[] {
  return Array.from({ length: rounds }, (_, index) => index % 4 === 1 || index % 4 === 2);
}
