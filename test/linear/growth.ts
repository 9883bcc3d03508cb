import type { Chance } from './chance.ts';

/** Texts of any length: a beginning, a piece again and again, an end. */
export interface Shape {
  readonly head: string;
  readonly unit: string;
  readonly tail: string;
}

export interface Growth {
  /** Time grows as length to this power; 0 where it is too short to be measured. */
  readonly exponent: number;
  readonly isLinear: boolean;
  readonly what: string;
}

export function shapeOf(chance: Chance, pieces: readonly string[]): Shape {
  const some = (most: number): string => Array.from({ length: chance.below(most + 1) }, () => chance.pick(pieces)).join('');
  return { head: some(3), unit: some(2) + chance.pick(pieces), tail: some(2) };
}

/** Sixteen times: a square takes 256 times as long, while what the collector and the machine add is a few times. */
const lengths = { short: 16_000, long: 256_000 } as const;
const factor = Math.log(lengths.long / lengths.short);
/** A square has 2. Measured of linear readers that make many small objects, with the collector at work: up to 1.5. */
const mostExponent = 1.65;
/** Below this much time for the long text nothing is told. */
const leastMs = 20;
/** Then the long text would take minutes. */
const longestMs = 2_000;
const tries = 3;

/** How the time grows from the short to the long text. What looks too slow is measured again: the least time of all counts. */
export function growthOf(read: (text: string) => unknown, shape: Shape): Growth {
  let shortMs = timeOf(read, textOf(shape, lengths.short));
  const told = (ms: number): string => `${shortMs.toFixed(1)} ms, then ${ms.toFixed(1)} ms: ${JSON.stringify(shape)}`;
  if (shortMs > longestMs) return { exponent: mostExponent, isLinear: false, what: told(shortMs) };
  let longMs = timeOf(read, textOf(shape, lengths.long));
  const power = (): number => (longMs < leastMs ? 0 : Math.log(longMs / Math.max(shortMs, leastMs / 100)) / factor);
  for (let again = 1; again < tries && power() > mostExponent; again += 1) {
    longMs = Math.min(longMs, timeOf(read, textOf(shape, lengths.long)));
    shortMs = Math.min(shortMs, timeOf(read, textOf(shape, lengths.short)));
  }
  return { exponent: power(), isLinear: power() <= mostExponent, what: told(longMs) };
}

function textOf({ head, unit, tail }: Shape, length: number): string {
  return head + unit.repeat(Math.ceil(length / unit.length)) + tail;
}

/** The processor's time of this process, not the clock's: others may be at work on the machine. */
function timeOf(read: (text: string) => unknown, text: string): number {
  const before = process.cpuUsage();
  try {
    read(text);
  } catch {
    // Refusing is an answer.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
