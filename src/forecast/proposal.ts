import type { Job } from './jobs.ts';
import type { ForecastInput, OnPlay } from './options.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import { waitWeight } from './overlap.ts';
import { planMoves } from './plan.ts';
import { type Script, scriptOf } from './script.ts';

/** A job that is to fire at other times. */
interface MovedJob {
  readonly job: string;
  readonly from: string;
  readonly to: string;
  readonly timezone: string | undefined;
}

export interface Proposal {
  readonly moves: readonly MovedJob[];
  /** What is to be expected with it. */
  readonly outlook: Outlook;
}

/** How the forecast was played. */
interface Played extends Pick<ForecastInput, 'seed'> {
  readonly plays: number;
  readonly onPlay: OnPlay | undefined;
}

/** First with room for holds half as long again as any that was seen, then with less, where that leaves no room for anybody. */
const roominesses = [1.5, 1.2, 1];

/** It must bring that much, or things stay as they are. */
const leastGain = 0.2;

/** Less than one skip in all, or than the waits that are as much, is no trouble. */
export const noTrouble = 1;

/** When no more than that is left, there is no need to look on. */
const littleLeft = 0.05;

/** A mean of plays is not exact: that much more may be chance. */
const chanceShare = 0.05;

/** Enough to see whether a plan helps; the one that is proposed is played as often as the forecast. */
const tryPlays = 40;

/** Whoever a plan makes worse off counts so much more in the next. */
const moreWeight = 10;
const mostTries = 4;

/** What would lessen the skips most, played as the forecast was; `undefined`: nothing is wrong, or nothing helps. */
export function proposalFor(script: Script, outlook: Outlook, { plays, seed, onPlay }: Played, hoursToo: boolean): Proposal | undefined {
  const { jobs, fromMs, toMs } = script;
  const trouble = troubleOf(outlook);
  if (trouble < noTrouble) return undefined;
  let best: ReadonlyMap<string, string> | undefined;
  let least = trouble * (1 - leastGain);
  const playMoved = (moves: ReadonlyMap<string, string>, times: number): Outlook =>
    outlookOf(
      scriptOf(
        jobs.map((job) => movedTo(job, moves.get(job.name))),
        fromMs,
        toMs,
      ),
      times,
      seed,
      (played) => onPlay?.('proposal', played, times),
    );

  for (const roominess of roominesses) {
    // Each fire counts by its share of the job's: a night's only run for more than one of a day's hundred.
    const weights = outlook.jobs.map(({ fires }) => 1 / Math.max(1, fires.mean));
    for (let tries = 0; tries < mostTries; tries++) {
      const moves = planMoves({ jobs, fromMs, toMs, hoursToo, roominess, weights });
      if (moves.size === 0) break;
      const moved = playMoved(moves, Math.min(plays, tryPlays));
      const worse = worseIn(outlook, moved, Math.min(plays, tryPlays));
      for (const job of worse) weights[job] = (weights[job] as number) * moreWeight;
      if (worse.length > 0) continue;
      if (troubleOf(moved) < least) {
        best = moves;
        least = troubleOf(moved);
      }
      break;
    }
    if (least <= littleLeft * trouble) break;
  }
  if (best === undefined) return undefined;
  const moves = best;
  return { moves: jobs.flatMap((job) => moveOf(job, moves.get(job.name))), outlook: playMoved(moves, plays) };
}

/** Of all jobs together. */
export function meanSkips({ jobs }: Outlook): number {
  return jobs.reduce((sum, { skips }) => sum + skips.mean, 0);
}

/** Of all jobs together. */
export function meanWaits({ jobs }: Outlook): number {
  return jobs.reduce((sum, { waits }) => sum + waits.mean, 0);
}

export function troubleOf(outlook: Outlook): number {
  return meanSkips(outlook) + waitWeight * meanWaits(outlook);
}

/** Those who are skipped more often than chance explains. */
function worseIn(before: Outlook, after: Outlook, plays: number): readonly number[] {
  return before.jobs.flatMap(({ skips: old }, job) => {
    const { mean } = (after.jobs[job] as Outlook['jobs'][number]).skips;
    return mean > old.mean * (1 + chanceShare) + chanceShare + 2 * Math.sqrt(old.mean / plays) ? [job] : [];
  });
}

function movedTo(job: Job, cron: string | undefined): Job {
  return cron === undefined || !('cron' in job.rhythm) ? job : { ...job, rhythm: { ...job.rhythm, cron } };
}

function moveOf({ name, rhythm }: Job, to: string | undefined): readonly MovedJob[] {
  return to === undefined || !('cron' in rhythm) ? [] : [{ job: name, from: rhythm.cron, to, timezone: rhythm.timezone }];
}
