/** A dashboard, in a process of its own: only reads, takes no lock, and knows of none. */
import { openPool } from '../../demo/database.ts';
import { withoutGiveway } from '../../demo/workload.ts';
import { checkLoad, readDeliveries } from './checks.ts';
import type { Setup } from './messages.ts';
import { obey, type Play } from './obey.ts';
import { pause, startShift, times } from './shift.ts';
import { lend } from './turns.ts';
import { readReport } from './workload.ts';

function startReader({ place }: Setup): Play {
  const pool = openPool(place, 20);
  const lent = lend(pool);
  return (round) => {
    const shift = startShift(round.ms);
    const desk = { pool: lent, takeTurn: withoutGiveway, onConflict: () => shift.conflicted('reads') };
    if ('check' in round && round.check === 'periods') return shift.play([]);
    const { load, read } =
      'load' in round ? { load: round.load, read: () => readReport(desk) } : { load: checkLoad, read: () => readDeliveries(pool) };
    return shift.play(times(load.readers, () => ['reads', pause(load.readPauseMs), read] as const));
  };
}

obey(startReader);
