/** Holds the drawing of the machine's states in docs/architecture.md against the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import type { State } from '../../src/lock/machine/states.ts';

const root = join(__dirname, '../..');
const drawing = /```mermaid\nstateDiagram-v2\n([\s\S]+?)```/.exec(readFileSync(join(root, 'docs/architecture.md'), 'utf8'))?.[1] ?? '';
const drawn = new Set([...drawing.matchAll(/^ *(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} --> ${to}`));

/** The steps from state to state that machines have taken. */
const taken = new Set<string>();

jest.mock('../../src/lock/machine/facts.ts', () => {
  const real = jest.requireActual<typeof import('../../src/lock/machine/facts.ts')>('../../src/lock/machine/facts.ts');
  class Facts extends real.Facts {
    constructor(...known: ConstructorParameters<typeof real.Facts>) {
      super(...known);
      let at: State = this.state;
      Object.defineProperty(this, 'state', {
        get: () => at,
        set(next: State) {
          if (at !== next) taken.add(`${at} --> ${next}`);
          at = next;
        },
      });
    }
  }
  return { ...real, Facts };
});

test('docs/architecture.md draws every state, and no other', () => {
  const code = readFileSync(join(root, 'src/lock/machine/states.ts'), 'utf8');
  const states = [...(/export type State =\n([\s\S]+?);/.exec(code)?.[1] ?? '').matchAll(/\| '(\w+)'/g)].map(([, state]) => state);
  const named = new Set([...drawn].flatMap((step) => step.split(' --> ')));
  expect(states).toHaveLength(13);
  expect([...named].sort()).toEqual(states.sort());
});

/** By then every step that thousands of worlds take had been seen; the last of them at seed 105. */
const enoughSeeds = 200;
/** A drawn step that so many worlds do not take is not there. */
const mostSeeds = 2_000;

test('docs/architecture.md draws every step from state to state that simulated worlds take, and no other', async () => {
  // Loaded after the mock, whose states tell of their steps.
  const { drawPlan } = await import('../simulation/draw.ts');
  const { play } = await import('../simulation/play.ts');
  const untaken = (): readonly string[] => [...drawn].filter((step) => !taken.has(step));
  for (let seed = 1; seed <= mostSeeds && (seed <= enoughSeeds || untaken().length > 0); seed++) await play(drawPlan(seed, true));
  expect(untaken()).toEqual([]);
  expect([...taken].filter((step) => !drawn.has(step)).sort()).toEqual([]);
}, 120_000);
