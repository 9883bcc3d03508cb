import type { Nemesis } from '../nemesis.ts';
import { clockNemeses } from './clock.ts';
import { holderNemeses } from './holder.ts';
import { serverNemeses } from './server.ts';
import { wireNemeses } from './wire.ts';

const single: readonly Nemesis[] = [...holderNemeses, ...serverNemeses, ...wireNemeses, ...clockNemeses];

const mixed: Nemesis = {
  name: 'mixed',
  does: 'any of the above that is not for writers only, drawn by lot, one after another',
  strike(arena) {
    const fitting = single.filter(({ suits, modes }) => modes === undefined && (suits?.(arena.backend) ?? true));
    return arena.random.pick(fitting).strike(arena);
  },
};

export const nemeses: readonly Nemesis[] = [...single, mixed];
