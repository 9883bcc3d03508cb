import { type Figures, type Spread, spreadOf } from './figures.ts';
import type { Variant } from './messages.ts';

/** All rounds of one load: those of the same index were played one after the other. */
export interface Played {
  readonly load: string;
  readonly rounds: ReadonlyMap<Variant, readonly Figures[]>;
}

export interface Checked {
  /** Conflicts without a lock and with giveway, ON CONFLICT DO NOTHING. */
  readonly redelivery: Readonly<Record<'no lock' | 'giveway', { readonly conflicts: number; readonly batches: number }>>;
  /** Anomalies at REPEATABLE READ. */
  readonly periods: Readonly<Record<'no lock' | 'giveway', { readonly anomalies: number; readonly jobs: number }>>;
  /** Rounds after which rows were missing, doubled, or a derived table was wrong. */
  readonly wrongRounds: number;
  readonly rounds: number;
}

type Pick = (figures: Figures) => number;
const rows: Pick = ({ rowsPerSecond }) => rowsPerSecond;
const jobs: Pick = ({ jobsPerSecond }) => jobsPerSecond;
const conflicts: Pick = ({ conflicts }) => conflicts;

/** One line for each variant: medians, with least and most. */
export function tableOf({ load, rounds }: Played): string {
  const columns: readonly (readonly [string, Pick, number])[] = [
    ['conflicts', conflicts, 0],
    ['rows/s', rows, 0],
    ['jobs/s', jobs, 1],
    ['reads/s', ({ readsPerSecond }) => readsPerSecond, 0],
    ['reader p50 ms', ({ reader }) => reader.p50, 1],
    ['reader p99 ms', ({ reader }) => reader.p99, 1],
    ['inserter p50 ms', ({ inserter }) => inserter.p50, 1],
    ['inserter p99 ms', ({ inserter }) => inserter.p99, 1],
  ];
  const head = `| ${load} | ${columns.map(([name]) => name).join(' | ')} |\n|---|${columns.map(() => '---:').join('|')}|`;
  const lines = [...rounds].map(([variant, figures]) => {
    const cells = columns.map(([, pick, digits]) => show(spreadOf(figures.map(pick)), digits));
    return `| ${variant} | ${cells.join(' | ')} |`;
  });
  return [head, ...lines].join('\n');
}

function show({ median, least, most }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

export interface Target {
  readonly name: string;
  readonly value: Spread;
  readonly bound: '≥' | '≤';
  readonly limit: number;
}

export function isMet({ value, bound, limit }: Target): boolean {
  return bound === '≥' ? value.median >= limit : value.median <= limit;
}

/** A variant against another: the ratio within each round, so that what slows a round slows both. */
function ratio({ rounds }: Played, variant: Variant, to: Variant, pick: Pick): Spread {
  const base = rounds.get(to) ?? [];
  return spreadOf(
    (rounds.get(variant) ?? []).flatMap((figures, round) => (base[round] === undefined ? [] : [pick(figures) / pick(base[round])])),
  );
}

/** Conflicts of all rounds together, since single rounds may have none. */
function conflictShare({ rounds }: Played, variant: Variant): Spread {
  const total = (of: Variant): number => (rounds.get(of) ?? []).reduce((sum, figures) => sum + figures.conflicts, 0);
  const value = total(variant) / Math.max(1, total('no lock'));
  return { median: value, least: value, most: value };
}

function readerTargets(played: Played): readonly Target[] {
  const p50 = ratio(played, 'giveway', 'no lock', ({ reader }) => reader.p50);
  const p99 = ratio(played, 'giveway', 'no lock', ({ reader }) => reader.p99);
  return [
    { name: `${played.load}: readers' p50, giveway / no lock`, value: p50, bound: '≤', limit: 1.05 },
    { name: `${played.load}: readers' p99, giveway / no lock`, value: p99, bound: '≤', limit: 1.1 },
    { name: `${played.load}: conflicts, giveway / no lock`, value: conflictShare(played, 'giveway'), bound: '≤', limit: 0.01 },
    {
      name: `${played.load}: conflicts, giveway with insertBatches / no lock`,
      value: conflictShare(played, 'giveway, insertBatches'),
      bound: '≤',
      limit: 0.01,
    },
  ];
}

export function targetsOf(moderate: Played, heavy: Played, { redelivery, periods, wrongRounds }: Checked): readonly Target[] {
  const exactly = (value: number): Spread => ({ median: value, least: value, most: value });
  const batched = 'giveway, insertBatches';
  return [
    ...readerTargets(moderate),
    { name: 'moderate: rows, giveway / no lock', value: ratio(moderate, 'giveway', 'no lock', rows), bound: '≥', limit: 0.9 },
    { name: 'moderate: rows, giveway / naive', value: ratio(moderate, 'giveway', 'naive exclusive', rows), bound: '≥', limit: 1.1 },
    { name: 'moderate: jobs, giveway / no lock', value: ratio(moderate, 'giveway', 'no lock', jobs), bound: '≥', limit: 1.15 },
    ...readerTargets(heavy),
    { name: 'heavy: rows, giveway / naive', value: ratio(heavy, 'giveway', 'naive exclusive', rows), bound: '≥', limit: 1.2 },
    { name: 'heavy: jobs, giveway / naive', value: ratio(heavy, 'giveway', 'naive exclusive', jobs), bound: '≥', limit: 1.2 },
    { name: 'heavy: rows, insertBatches / naive', value: ratio(heavy, batched, 'naive exclusive', rows), bound: '≥', limit: 2 },
    { name: 'heavy: jobs, insertBatches / naive', value: ratio(heavy, batched, 'naive exclusive', jobs), bound: '≥', limit: 1.2 },
    {
      name: `ON CONFLICT DO NOTHING: conflicts, giveway / no lock (${redelivery.giveway.conflicts} / ${redelivery['no lock'].conflicts})`,
      value: exactly(redelivery.giveway.conflicts / Math.max(1, redelivery['no lock'].conflicts)),
      bound: '≤',
      limit: 0.01,
    },
    {
      name: `REPEATABLE READ: anomalies with giveway (without: ${periods['no lock'].anomalies} in ${periods['no lock'].jobs} periods)`,
      value: exactly(periods.giveway.anomalies),
      bound: '≤',
      limit: 0,
    },
    { name: 'rounds with a row missing or doubled, or a wrong derived table', value: exactly(wrongRounds), bound: '≤', limit: 0 },
  ];
}

export function targetTable(targets: readonly Target[]): string {
  const lines = targets.map((target) => {
    const { name, value, bound, limit } = target;
    const spread = value.least === value.most ? '' : ` (${value.least.toFixed(2)}–${value.most.toFixed(2)})`;
    return `| ${name} | ${value.median.toFixed(3)}${spread} | ${bound} ${limit} | ${isMet(target) ? 'met' : '**missed**'} |`;
  });
  return ['| target | measured: median of rounds (least–most) | wanted | |', '|---|---|---|---|', ...lines].join('\n');
}
