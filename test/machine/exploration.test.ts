/** Every interleaving of two processes' short scripts, with at most one fault. */
import { afterAll, expect, jest, test } from '@jest/globals';
import type { Facts } from '../../src/lock/machine/facts.ts';
import type { Operation } from './world.ts';

const made: Facts[] = [];

jest.mock('../../src/lock/machine/facts.ts', () => {
  const real = jest.requireActual<typeof import('../../src/lock/machine/facts.ts')>('../../src/lock/machine/facts.ts');
  class Watched extends real.Facts {
    constructor(...known: ConstructorParameters<typeof real.Facts>) {
      super(...known);
      made.push(this);
    }
  }
  return { ...real, Facts: Watched };
});

/**
 * Time that passes and answers that do not come are tried apart: together they make some hundred times as many states. Each
 * pair shows what the others do not: turns, sharers, a change of mode, giving up, extensions, locks that are handed over.
 */
const worlds: readonly (readonly ['time passes' | 'an answer is missing', ...(readonly Operation[])[]])[] = [
  ['time passes', ['write', 'unlock'], ['write', 'unlock']],
  ['an answer is missing', ['write', 'unlock'], ['write', 'unlock']],
  ['time passes', ['write', 'unlock'], ['write', 'give up']],
  ['an answer is missing', ['write', 'unlock'], ['write', 'give up']],
  ['time passes', ['write'], ['append', 'append']],
  ['an answer is missing', ['write'], ['append', 'append']],
  ['an answer is missing', ['try', 'unlock', 'write'], ['write']],
  ['time passes', ['write', 'extend', 'unlock'], ['append']],
  ['an answer is missing', ['append', 'append', 'hand over'], ['restore']],
  ['an answer is missing', ['append', 'unlock', 'append'], ['append']],
];
let states = 0;

test.each(worlds)(
  '%s, %j beside %j: nobody overlaps, nothing is left behind',
  async (trouble, ...scripts) => {
    const { explore } = await import('./explore.ts');
    const passes = trouble === 'time passes' ? 1 : 0;
    const { states: found, breach } = explore({ scripts, faults: 1 - passes, passes, canLine: true }, () => made.pop() as Facts);
    states += found;
    expect(breach ?? []).toEqual([]);
  },
  60_000,
);

afterAll(() => {
  process.stdout.write(`exploration: ${states} states\n`);
});
