import { type Crew, hire } from '../crew.ts';
import { type Estimate, estimateOf, median, spreadOf } from '../estimate.ts';
import { progress } from '../progress.ts';
import { markdownTable } from '../table.ts';
import type { Target } from '../targets.ts';
import type { Contender, Urls } from './contender.mts';
import { memjsAlone, runName } from './contenders.mts';
import { byHand } from './redis-peers.mts';
import type { Alone, Pairs } from './worker.mts';

export interface AloneResult {
  readonly contender: Contender;
  readonly sequential: readonly Alone[];
  readonly inFlight: readonly Alone[];
}

export interface Effort {
  readonly rounds: number;
  readonly sequential: Pairs;
  readonly inFlight: Pairs;
}

/** A round of the slow ones has to end as well. */
const slowShare: Readonly<Record<string, number>> = { 'advisory-lock': 1 / 40, 'giveway, postgres': 1 / 4 };

/** The first round is longer, and not counted: until V8 has compiled what is hot. */
const warmUpTimes = 4;

/** Everybody in a process of its own, in turns. `needsSequential`: the others are not measured one after another. */
export async function measureAlone(
  contenders: readonly Contender[],
  urls: Urls,
  { rounds, sequential, inFlight }: Effort,
  needsSequential: (contender: Contender) => boolean,
): Promise<AloneResult[]> {
  const program = new URL('worker.mts', import.meta.url);
  const crews = await Promise.all(
    contenders.map(async (contender) => {
      const crew: Crew<Pairs, Alone> = await hire(program, [{ name: contender.name, urls }]);
      return { contender, crew, sequential: [] as Alone[], inFlight: [] as Alone[] };
    }),
  );
  for (let round = -1; round < rounds; round++) {
    for (const { contender, crew, ...results } of crews) {
      progress(`alone, ${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${contender.name}`);
      const measure = async (task: Pairs, into: Alone[]): Promise<void> => {
        const pairs = Math.round(task.pairs * (slowShare[contender.name] ?? 1) * (round < 0 ? warmUpTimes : 1));
        const [result] = await crew.play({ ...task, pairs });
        if (round >= 0 && result !== undefined) into.push(result);
      };
      await measure(inFlight, results.inFlight);
      if (needsSequential(contender)) await measure(sequential, results.sequential);
    }
  }
  for (const { crew } of crews) crew.dismiss();
  return crews;
}

const most = (results: readonly Alone[], of: (each: Alone) => number): number => spreadOf(results.map(of)).most;
const least = (results: readonly Alone[], of: (each: Alone) => number): number => spreadOf(results.map(of)).least;

export function aloneTable(results: readonly AloneResult[], lanes: number): string {
  const perSecond = (value: number): string => Math.round(value).toLocaleString('en');
  const head = ['', `pairs per second, ${lanes} in flight`, 'CPU µs per pair: least', 'median', 'one after another: p50 ms', 'p99 ms'];
  const rows = results.map(({ contender: { name, ours }, sequential, inFlight }) => {
    const { median: middle, least: lowest, most } = spreadOf(inFlight.map((each) => each.perSecond));
    const sequentialMs = (of: (each: Alone) => number): string => (sequential.length > 0 ? median(sequential.map(of)).toFixed(3) : '');
    return [
      ours ? `**${name}**` : name,
      `${perSecond(middle)} (${perSecond(lowest)}–${perSecond(most)})`,
      least(inFlight, (each) => each.cpuMicros).toFixed(1),
      median(inFlight.map((each) => each.cpuMicros)).toFixed(1),
      sequentialMs((each) => each.p50Ms),
      sequentialMs((each) => each.p99Ms),
    ];
  });
  return markdownTable(head, rows);
}

/** Ratios within each round, so that what slows a round slows both; beside them those of the least CPU time and of the best rounds, which others' work disturbs least. */
export function aloneTargets(results: readonly AloneResult[]): readonly Target[] {
  const named = (name: string): AloneResult | undefined => results.find(({ contender }) => contender.name === name);
  const targets: Target[] = [];
  const compare = (what: string, ours: AloneResult | undefined, to: AloneResult | undefined, limit: number): void => {
    if (ours === undefined || to === undefined) return;
    const value: Estimate = estimateOf(ours.inFlight.map((each, round) => each.perSecond / (to.inFlight[round]?.perSecond ?? Number.NaN)));
    const cpu = least(to.inFlight, (each) => each.cpuMicros) / least(ours.inFlight, (each) => each.cpuMicros);
    const best = most(ours.inFlight, (each) => each.perSecond) / most(to.inFlight, (each) => each.perSecond);
    const others = `by CPU time ${cpu.toFixed(2)}, by the best rounds ${best.toFixed(2)}`;
    targets.push({ name: `64 in flight, ${what} ${to.contender.name} (${others})`, value, bound: '≥', limit });
  };
  const p50 = (ours: AloneResult | undefined, limit: number): void => {
    const limitResult = named(memjsAlone);
    if (ours === undefined || limitResult === undefined) return;
    const value = estimateOf(ours.sequential.map((each, round) => each.p50Ms / (limitResult.sequential[round]?.p50Ms ?? Number.NaN)));
    targets.push({ name: `sequential p50, ${ours.contender.name} / ${memjsAlone}`, value, bound: '≤', limit });
  };
  const middle = ({ inFlight }: AloneResult): number => median(inFlight.map((each) => each.perSecond));
  const peers = results.filter(({ contender }) => contender.ownerChecked && contender.ours === undefined && contender.name !== byHand);
  const best = peers.reduce<AloneResult | undefined>((a, b) => (a !== undefined && middle(a) >= middle(b) ? a : b), undefined);
  compare('giveway on memcached /', named('giveway, memcached'), named(memjsAlone), 2);
  compare('giveway on memcached / the best peer that checks the owner,', named('giveway, memcached'), best, 1.7);
  compare('giveway on redis /', named('giveway, redis'), named(byHand), 0.9);
  p50(named('giveway, memcached'), 1.05);
  p50(named(runName), 1.1);
  return targets;
}

/** The table's own figures, for the chart. */
export function ratesOf(results: readonly AloneResult[]): { name: string; perSecond: number; ours: boolean }[] {
  return results.map(({ contender, inFlight }) => ({
    name: contender.name,
    perSecond: median(inFlight.map((each) => each.perSecond)),
    ours: contender.ours === true,
  }));
}
