import { beforeAll, expect, test } from '@jest/globals';
import { mutants } from './mutants.ts';
import { caughtBy, type Findings, findingsOf } from './mutate.ts';

let sound: Record<'violations' | 'cost', Findings>;

beforeAll(async () => {
  sound = { violations: await findingsOf('violations'), cost: await findingsOf('cost') };
}, 180_000);

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'is caught: %s',
  async (_name, mutant) => {
    const known = sound[mutant.shows];
    // One more than fails without it.
    expect(caughtBy(await findingsOf(mutant.shows, mutant, known.size + 1), known)).not.toEqual([]);
  },
  180_000,
);
