import { type Estimate, estimateOf, median } from '../estimate.ts';
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

function show({ median, least, most }: Estimate, digits = 2): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
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
      const ratio = (measure: Measure, to: Contender): string => (contender === to ? '' : show(ratioOf(each, measure, contender, to)));
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
  const cells = [head, head.map((_, column) => (column < 2 ? '---' : '---:')), ...lines].map((line) => line.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return cells.map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
}

export interface Target {
  readonly name: string;
  readonly value: Estimate;
  readonly bound: '≥' | '≤';
  readonly limit: number;
}

function isMet({ value, bound, limit }: Target): boolean {
  return bound === '≥' ? value.median >= limit : value.median <= limit;
}

/** Those that what was played can tell of. `wrongRounds`: after which a row was missing or doubled. */
export function targetsOf(played: readonly Played[], wrongRounds: number): readonly Target[] {
  const exactly = (value: number): Estimate => ({ median: value, least: value, most: value });
  const one = (load: Load, of: (played: Played) => readonly Target[]): readonly Target[] =>
    played.filter((each) => each.load === load).flatMap(of);
  const requests = ({ rounds }: Played): Estimate => estimateOf(rounds.giveway.map((figures) => figures.requests));
  const conflicts = played.reduce((sum, each) => sum + contenders.slice(1).reduce((of, name) => of + conflictsOf(each, name), 0), 0);
  const cells = played.filter(({ load }) => grid.includes(load));
  return [
    { name: 'conflicts with locks, all loads', value: exactly(conflicts), bound: '≤', limit: 0 },
    { name: 'rounds with a row missing or doubled', value: exactly(wrongRounds), bound: '≤', limit: 0 },
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

export function targetLines(targets: readonly Target[]): string {
  const lines = targets.map((target) => {
    const { name, value, bound, limit } = target;
    const measured = value.least === value.most ? String(value.median) : show(value);
    return `- ${isMet(target) ? 'met' : '**not met**'}: ${name} ${measured}, ${bound} ${limit} wanted`;
  });
  return [...lines, `\n${targets.filter(isMet).length} of ${targets.length} targets met.`].join('\n');
}
