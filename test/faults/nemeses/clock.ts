import { setTimeout as sleep } from 'node:timers/promises';
import { clockSkewMs } from '../../../src/lock/decide.ts';
import { holderIn, type Nemesis } from '../nemesis.ts';

/** Sets the wall clock of a holder's host, forward or back, and after a while right again. */
async function jump(arena: Parameters<Nemesis['strike']>[0], byMs: number): Promise<void> {
  const member = await holderIn(arena);
  member.command(`jump ${arena.random.pick([byMs, -byMs])}`);
  await sleep(arena.random.between(500, 1_200));
  member.command('jump 0');
  await sleep(arena.random.between(200, 600));
}

export const clockNemeses: readonly Nemesis[] = [
  {
    name: 'clock set',
    does: 'the wall clock of a holder is set by three quarters of the allowed skew, more than the TTL',
    strike: (arena) => jump(arena, 0.75 * clockSkewMs),
  },
  {
    name: 'clock set by an hour',
    does: 'the wall clock of a holder is set by an hour; writers only, since sharers need clocks that agree',
    modes: 'write',
    strike: (arena) => jump(arena, 3_600_000),
  },
];
