import type { Estimate } from './estimate.ts';

/** What a figure must be. It is judged by the median; where it is one figure alone, by that. */
export interface Target {
  readonly name: string;
  readonly value: Estimate | number;
  readonly bound: '≥' | '≤';
  readonly limit: number;
}

function isMet({ value, bound, limit }: Target): boolean {
  const judged = typeof value === 'number' ? value : value.median;
  return bound === '≥' ? judged >= limit : judged <= limit;
}

export function showEstimate({ median, least, most }: Estimate, digits = 2): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

/** Each with met or not met, and how many are. */
export function targetLines(targets: readonly Target[]): string {
  const lines = targets.map((target) => {
    const { name, value, bound, limit } = target;
    const measured = typeof value === 'number' ? String(Math.round(value * 1_000) / 1_000) : showEstimate(value);
    return `- ${isMet(target) ? 'met' : '**not met**'}: ${name} ${measured}, ${bound} ${limit} wanted`;
  });
  return [...lines, `\n${targets.filter(isMet).length} of ${targets.length} targets met.`].join('\n');
}
