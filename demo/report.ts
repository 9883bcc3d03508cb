import type { Kind } from './messages.ts';
import type { Spread, Summary, Target, Way } from './summary.ts';

const titles: readonly (readonly [Kind, string])[] = [
  ['updates', 'delay updates'],
  ['rollups', 'rollups'],
  ['batches', 'insert batches'],
  ['reads', 'reads'],
];

/** The table at the end. */
export function report(summary: Summary): string {
  const { without, with: withIt } = summary;
  const compare = (name: string, pick: (way: Way) => number, show: (way: Way) => string): readonly string[] => [
    name,
    show(without),
    show(withIt),
    ratio(pick(withIt), pick(without)),
  ];
  const counted = (name: string, pick: (way: Way) => number): readonly string[] => compare(name, pick, (way) => whole(pick(way)));
  const rate = (name: string, pick: (way: Way) => number): readonly string[] => compare(name, pick, (way) => pick(way).toFixed(1));
  const time = (name: string, pick: (way: Way) => Spread): readonly string[] =>
    compare(
      name,
      (way) => pick(way).median,
      (way) => spread(pick(way)),
    );
  const table = [
    ['', 'without giveway', 'with giveway', ''],
    counted('conflicts (40001, 40P01)', ({ conflicts }) => conflicts),
    ...titles.flatMap(([kind, title]) => [
      rate(`${title} per second`, ({ perSecond }) => perSecond[kind]),
      counted('  conflicts', ({ tally }) => tally[kind].conflicts),
      time('  p50, ms', ({ timesMs }) => timesMs[kind].p50),
      time('  p99, ms', ({ timesMs }) => timesMs[kind].p99),
    ]),
    counted('rows', ({ findings }) => findings.rows),
    counted('  missing', ({ findings }) => findings.missing),
    counted('  doubled or unknown', ({ findings }) => findings.doubled + findings.unknown),
    counted('derived rows wrong', ({ findings }) => findings.wrongDelays + findings.wrongRollup),
  ];
  return `${[...table.map(line), '', ...verdict(summary)].join('\n')}\n`;
}

function verdict({ without, with: withIt, targets, correct }: Summary): readonly string[] {
  const downs = without.storeDowns + withIt.storeDowns;
  return [
    without.rounds === 1
      ? 'Waits and retries count. One round each way is little: more --seconds make more rounds.'
      : `Times are the median of ${without.rounds} rounds each way and, in brackets, their lowest and highest; waits and retries count.`,
    ...(downs > 0 ? [`The lock store did not answer ${downs} times; meanwhile work ran unprotected.`] : []),
    ...targets.map(verdictOn),
    correct
      ? 'Every row arrived exactly once, and the derived tables equal a recomputation.'
      : 'WRONG: a row is missing, doubled or unknown, or a derived table differs from a recomputation.',
  ];
}

function verdictOn({ name, value, bound, limit, met }: Target): string {
  const show = (number: number): string =>
    Number.isInteger(limit) ? whole(number) : limit < 1 ? `${(number * 100).toFixed(1)} %` : `${number.toFixed(2)} x`;
  return `${met ? 'Met' : 'NOT MET'}: ${name}: ${show(value)} (${bound} ${show(limit)} wanted).`;
}

function line([name = '', without = '', withIt = '', note = '']: readonly string[]): string {
  return `${name.padEnd(26)}${without.padStart(23)}${withIt.padStart(23)}${note.padStart(10)}`.trimEnd();
}

function whole(value: number): string {
  return value.toLocaleString('en');
}

function ratio(value: number, base: number): string {
  return base === 0 ? '' : `${(value / base).toFixed(2)} x`;
}

function spread({ median, least, most }: Spread): string {
  return least === most ? milliseconds(median) : `${milliseconds(median)} (${milliseconds(least)} to ${milliseconds(most)})`;
}

function milliseconds(value: number): string {
  return value >= 100 ? whole(Math.round(value)) : value.toFixed(1);
}
