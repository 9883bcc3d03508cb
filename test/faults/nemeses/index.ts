import type { Nemesis } from '../nemesis.ts';
import { clockNemeses } from './clock.ts';
import { holderNemeses } from './holder.ts';
import { serverNemeses } from './server.ts';
import { wireNemeses } from './wire.ts';

export const nemeses: readonly Nemesis[] = [...holderNemeses, ...serverNemeses, ...wireNemeses, ...clockNemeses];
