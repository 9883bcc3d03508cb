import { InvalidArgumentError } from 'commander';
import { shortly } from '../observe/answers/shortly.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, '': 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const form = /^(\d{1,12}(?:\.\d{1,9})?)(ms|s|m|h|d|)$/;

/** A parser for `500ms`, `30s`, `1.5m`, `2h`, `1d`; a bare number counts seconds, as with flock. Gives whole milliseconds. */
export function durationBetween(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const [, number = '', unit = ''] = form.exec(text) ?? [];
    const ms = Math.round(Number(number) * (unitsMs[unit] ?? Number.NaN));
    if (number !== '' && ms >= minMs && ms <= maxMs) return ms;
    throw new InvalidArgumentError(`A duration from ${shortly(minMs)} to ${shortly(maxMs)} is allowed${examplesBetween(minMs, maxMs)}.`);
  };
}

function examplesBetween(minMs: number, maxMs: number): string {
  const examples = [500, 30_000, 600_000, 7_200_000].filter((ms) => ms >= minMs && ms <= maxMs).map(shortly);
  const last = examples.pop();
  if (last === undefined) return '';
  return `, such as ${examples.length === 0 ? last : `${examples.join(', ')} or ${last}`}`;
}
