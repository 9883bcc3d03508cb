import { setTimeout as sleep } from 'node:timers/promises';
import { clockSkewMs } from '../../../src/lock/record/decide.ts';
import { holderIn, type Nemesis, stallHolder } from '../nemesis.ts';

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
  {
    name: 'clock set back',
    does: 'a holder stalls until its key is gone, and its wall clock is set back by as much; writers only',
    modes: 'write',
    async strike(arena) {
      (await stallHolder(arena, 'rewind')).command('jump 0');
    },
  },
  {
    name: 'host asleep',
    does: 'a holder sleeps with its host until its key is gone: its monotonic clock stands still meanwhile',
    async strike(arena) {
      await stallHolder(arena, 'sleep');
    },
  },
];
