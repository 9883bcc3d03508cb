/** One process of the service: it loads flights, answers API requests or runs the scheduled jobs, as parts.ts deals them out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from './database.ts';
import { batch, batchNumber } from './flights.ts';
import { openLocker } from './locker.ts';
import { type Kind, kinds, type Order, perKind, type Reply, type Round, type RoundResult, type Setup } from './messages.ts';
import { shareOf } from './parts.ts';
import { type Desk, insertBatch, readDepartures, rewriteRollup, updateDelays, withGiveway, withoutGiveway } from './workload.ts';

const progressEveryMs = 250;

async function startService(setup: Setup): Promise<(round: Round) => Promise<RoundResult>> {
  const { warehouse, locks, worker, workers } = setup;
  const locker = await openLocker(locks);
  const pool = openPool(warehouse, 20);
  let storeDowns = 0;
  locker.on('store-down', () => storeDowns++);

  return async ({ giveway, ms, load }) => {
    const takeTurn = giveway ? withGiveway(locker) : withoutGiveway;
    const tally = perKind(() => ({ done: 0, conflicts: 0 }));
    const timesMs = perKind((): number[] => []);
    const downsBefore = storeDowns;
    let batches = 0;
    const work: Record<Kind, (desk: Desk) => Promise<void>> = {
      updates: updateDelays,
      rollups: rewriteRollup,
      batches: (desk) => insertBatch(desk, batch(batchNumber(batches++, worker, workers))),
      reads: readDepartures,
    };

    const startMs = performance.now();
    /** Does one kind of work again and again until the round is over, and counts. The last one is finished, not dropped. */
    async function repeat(kind: Kind): Promise<void> {
      const desk = { pool, takeTurn, onConflict: () => void tally[kind].conflicts++ };
      while (performance.now() - startMs < ms) {
        const beganMs = performance.now();
        await work[kind](desk);
        timesMs[kind].push(performance.now() - beganMs);
        tally[kind].done++;
        await sleep(load[kind].pauseMs * (0.5 + Math.random()));
      }
    }

    const progress = setInterval(() => reply({ progress: tally }), progressEveryMs);
    try {
      await Promise.all(kinds.flatMap((kind) => Array.from({ length: shareOf(kind, load[kind].loops, setup) }, () => repeat(kind))));
    } finally {
      clearInterval(progress);
    }
    return { tally, ms: performance.now() - startMs, timesMs, storeDowns: storeDowns - downsBefore };
  };
}

function reply(message: Reply): void {
  if (process.connected) process.send?.(message);
}

async function obey(order: Order): Promise<void> {
  if ('setup' in order) {
    play = await startService(order.setup);
    reply('ready');
  } else {
    reply({ result: await play(order.round) });
  }
}

let play: (round: Round) => Promise<RoundResult> = () => Promise.reject(new Error('no setup came'));
process.on('message', (order: Order) => {
  obey(order).catch((error: Error) => reply({ failed: error.stack ?? error.message }));
});
// Whatever happened to the demo, its workers go with it.
process.on('disconnect', () => process.exit());
