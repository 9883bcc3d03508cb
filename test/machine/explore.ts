import type { Facts } from '../../src/lock/machine/facts.ts';
import { type Setting, World } from './world.ts';

export interface Explored {
  readonly states: number;
  readonly ends: number;
  /** The first way found to something wrong, in words. */
  readonly breach: readonly string[] | undefined;
}

/** Every way that a world can go, each state once. States are not copied but played again: a machine is too alive for that. */
export function explore(setting: Setting, factsOf: () => Facts): Explored {
  const seen = new Set<string>();
  const ways: (readonly number[])[] = [[]];
  let ends = 0;
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const world = new World(setting, factsOf);
    for (const index of way) world.choices()[index]?.happen();
    for (;;) {
      const wrong = world.judge();
      if (wrong !== undefined) return { states: seen.size, ends, breach: tell(setting, factsOf, way, wrong) };
      const { fingerprint } = world;
      if (seen.has(fingerprint)) break;
      seen.add(fingerprint);
      const choices = world.choices();
      if (choices.length === 0) {
        ends++;
        const left = world.end();
        if (left !== undefined) return { states: seen.size, ends, breach: tell(setting, factsOf, way, left) };
        break;
      }
      for (let index = choices.length - 1; index > 0; index--) ways.push([...way, index]);
      choices[0]?.happen();
      way = [...way, 0];
    }
  }
  return { states: seen.size, ends, breach: undefined };
}

function tell(setting: Setting, factsOf: () => Facts, way: readonly number[], wrong: string): readonly string[] {
  const lines: string[] = [];
  const world = new World(setting, factsOf, (who, text) => lines.push(`    ${who}: ${text}`));
  for (const index of way) {
    const choice = world.choices()[index];
    lines.push(choice?.words ?? '');
    choice?.happen();
  }
  return [...lines, wrong];
}
