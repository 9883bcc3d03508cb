import { type Estimate, estimateOf, median } from '../estimate.ts';
import { markdownTable } from '../table.ts';
import { showEstimate, type Target } from '../targets.ts';
import type { Figures } from './figures.ts';
import { crowded, grid, type Load, published } from './loads.ts';
import { type Contender, contenders } from './messages.ts';

/** All rounds of one load: those of the same index were played one after the other. */
export interface Played {
  readonly load: Load;
  readonly rounds: Readonly<Record<Contender, readonly Figures[]>>;
}

type Measure = Exclude<keyof Figures, 'conflicts'>;

function conflictsOf({ rounds }: Played, contender: Contender): number {
  return rounds[contender].reduce((sum, { conflicts }) => sum + conflicts, 0);
}

/** The ratio within each round, so that what slows a round slows both. */
function ratioOf({ rounds }: Played, measure: Measure, contender: Contender, to: Contender): Estimate {
  return estimateOf(rounds[contender].map((figures, round) => figures[measure] / (rounds[to][round]?.[measure] ?? Number.NaN)));
}

const head = [
  'insert/pause ms',
  '',
  'conflicts',
  'rows/s',
  '÷ ideal',
  'jobs/s',
  '÷ ideal',
  'insert p50 ms',
  '÷ ideal',
  'read p50 ms',
  'read p99 ms',
  '÷ no lock',
  'requests',
];

/** One line for each load and contender: medians, and ratios with their 95 % interval. */
export function tableOf(played: readonly Played[]): string {
  const lines = played.flatMap((each) =>
    contenders.map((contender) => {
      const middle = (measure: Measure, digits: number): string =>
        median(each.rounds[contender].map((figures) => figures[measure])).toFixed(digits);
      const ratio = (measure: Measure, to: Contender): string =>
        contender === to ? '' : showEstimate(ratioOf(each, measure, contender, to));
      const { name, processes, insertMs, insertPauseMs } = each.load;
      return [
        contender === contenders[0] ? `${insertMs}/${insertPauseMs}${name === crowded.name ? `, ${processes} processes` : ''}` : '',
        contender,
        conflictsOf(each, contender),
        middle('rowsPerSecond', 0),
        ratio('rowsPerSecond', 'ideal'),
        middle('jobsPerSecond', 2),
        ratio('jobsPerSecond', 'ideal'),
        middle('insertP50', 1),
        ratio('insertP50', 'ideal'),
        middle('readP50', 1),
        middle('readP99', 1),
        ratio('readP99', 'no lock'),
        contender === 'naive' || contender === 'giveway' ? middle('requests', 2) : '',
      ];
    }),
  );
  return markdownTable(head, lines, 2);
}

/** Those that what was played can tell of. `wrongRounds`: after which a row was missing or doubled. */
export function targetsOf(played: readonly Played[], wrongRounds: number): readonly Target[] {
  const one = (load: Load, of: (played: Played) => readonly Target[]): readonly Target[] =>
    played.filter((each) => each.load === load).flatMap(of);
  const requests = ({ rounds }: Played): Estimate => estimateOf(rounds.giveway.map((figures) => figures.requests));
  const conflicts = played.reduce((sum, each) => sum + contenders.slice(1).reduce((of, name) => of + conflictsOf(each, name), 0), 0);
  const cells = played.filter(({ load }) => grid.includes(load));
  return [
    { name: 'conflicts with locks, all loads', value: conflicts, bound: '≤', limit: 0 },
    { name: 'rounds with a row missing or doubled', value: wrongRounds, bound: '≤', limit: 0 },
    ...one(published, (each) => [
      { name: "inserts' p50, giveway / ideal", value: ratioOf(each, 'insertP50', 'giveway', 'ideal'), bound: '≤', limit: 1.25 },
      { name: "readers' p99, giveway / no lock", value: ratioOf(each, 'readP99', 'giveway', 'no lock'), bound: '≤', limit: 1.15 },
      { name: 'requests per committed transaction, 4 processes', value: requests(each), bound: '≤', limit: 5.2 },
    ]),
    ...one(crowded, (each) => [
      { name: 'requests per committed transaction, 12 processes', value: requests(each), bound: '≤', limit: 8.5 },
    ]),
    ...(cells.length < grid.length
      ? []
      : [...ofGrid(cells, 'rows', 'rowsPerSecond', 0.95), ...ofGrid(cells, 'jobs', 'jobsPerSecond', 0.9)]),
  ];
}

function ofGrid(cells: readonly Played[], what: string, measure: Measure, medianLimit: number): readonly Target[] {
  const sorted = cells.map((each) => ratioOf(each, measure, 'giveway', 'ideal')).sort((a, b) => a.median - b.median);
  const [worst, middle] = [sorted[0] as Estimate, sorted[Math.floor(sorted.length / 2)] as Estimate];
  return [
    { name: `median cell: ${what}, giveway / ideal`, value: middle, bound: '≥', limit: medianLimit },
    { name: `worst cell: ${what}, giveway / ideal`, value: worst, bound: '≥', limit: 0.75 },
  ];
}
