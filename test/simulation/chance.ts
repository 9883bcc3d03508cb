import { mulberry32 } from '../support/mulberry32.ts';

/** Chance that can be repeated: the same seed makes the same choices. */
export interface Chance {
  /** From 0 to 1, without 1. */
  next(): number;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  /** Any number from `least` to `most`. */
  within(least: number, most: number): number;
  pick<T>(list: readonly T[]): T;
  /** True with this probability. */
  happens(probability: number): boolean;
}

export function createChance(seed: number): Chance {
  // Seeds that follow one another must not begin alike.
  const next = mulberry32(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b));
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    within: (least, most) => least + next() * (most - least),
    pick: (list) => list[Math.floor(next() * list.length)] as never,
    happens: (probability) => next() < probability,
  };
}
