import { nowMs } from '../contention/clock.ts';
import { type Crew, hire } from '../crew.ts';
import { median, spreadOf } from '../estimate.ts';
import { progress } from '../progress.ts';
import { markdownTable } from '../table.ts';
import type { Crowd, Crowded } from './contended-worker.mts';
import type { Contender, Urls } from './contender.mts';
import { requestCount } from './request-count.mts';

export const processes = 4;
export const waiters = 8;
export const holdMs = 5;
const fairCycleMs = processes * waiters * holdMs;
/** Time for an order to reach every process. */
const orderMs = 100;

interface Round {
  readonly perSecond: number;
  /** Slowest process over fastest. */
  readonly fairness: number;
  readonly longestCycles: number;
  readonly heldShare: number;
  readonly requests: number;
}

export interface CrowdResult {
  readonly contender: Contender;
  readonly rounds: readonly Round[];
}

async function play(contender: Contender, crew: Crew<Crowd, Crowded>, urls: Urls, runMs: number): Promise<Round> {
  const before = await requestCount(contender.backend, urls);
  const startAtMs = nowMs() + orderMs;
  const results = await crew.play({ key: `crowd-${startAtMs}`, waiters, holdMs, startAtMs, endAtMs: startAtMs + runMs });
  const counts = results.map(({ handOvers }) => handOvers);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    perSecond: (total / runMs) * 1_000,
    fairness: Math.min(...counts) / Math.max(...counts),
    longestCycles: Math.max(...results.map(({ longestMs }) => longestMs)) / fairCycleMs,
    heldShare: results.reduce((sum, { heldMs }) => sum + heldMs, 0) / runMs,
    requests: ((await requestCount(contender.backend, urls)) - before) / total,
  };
}

/** 4 processes with 8 waiters each want one key. */
export async function measureCrowd(contenders: readonly Contender[], urls: Urls, rounds: number, runMs: number): Promise<CrowdResult[]> {
  const program = new URL('contended-worker.mts', import.meta.url);
  const results: { contender: Contender; crew: Crew<Crowd, Crowded>; rounds: Round[] }[] = [];
  for (const contender of contenders.filter(({ waits }) => waits)) {
    progress(`starting ${processes} processes: ${contender.name}`);
    const setups = Array.from({ length: processes }, () => ({ name: contender.name, urls }));
    results.push({ contender, crew: await hire(program, setups), rounds: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contender, crew, rounds: played } of results) {
      progress(`crowd, round ${round + 1} of ${rounds}: ${contender.name}`);
      played.push(await play(contender, crew, urls, runMs));
    }
  }
  for (const { crew } of results) crew.dismiss();
  return results;
}

export function crowdTable(results: readonly CrowdResult[]): string {
  const head = ['', 'hand-overs per second', 'fairness among processes', 'longest wait, fair cycles', 'held %', 'requests per hand-over'];
  const rows = results.map(({ contender: { name, ours }, rounds }) => {
    const cell = (of: (round: Round) => number, digits: number): string => {
      const { median: middle, least, most } = spreadOf(rounds.map(of));
      return `${middle.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
    };
    const title = ours ? `**${name}**` : name;
    const requests = Number.isNaN(rounds[0]?.requests) ? '–' : cell((round) => round.requests, 2);
    return [
      title,
      cell((round) => round.perSecond, 0),
      cell((round) => round.fairness, 2),
      cell((round) => round.longestCycles, 1),
      cell((round) => round.heldShare * 100, 0),
      requests,
    ];
  });
  return markdownTable(head, rows);
}

export function waitsOf(results: readonly CrowdResult[]): { name: string; longestCycles: number; ours: boolean }[] {
  return results.map(({ contender, rounds }) => ({
    name: contender.name,
    longestCycles: median(rounds.map((round) => round.longestCycles)),
    ours: contender.ours === true,
  }));
}
