import type { Order, Reply, Round, Setup, Tally } from './messages.ts';

/** What a process does in a round. */
export type Play = (round: Round) => Promise<Tally>;

/** Does what the parent process orders: first to get ready, then round after round. */
export function obey(start: (setup: Setup) => Play): void {
  let play: Play = () => Promise.reject(new Error('no setup came'));
  process.on('message', (order: Order) => {
    if ('setup' in order) {
      play = start(order.setup);
      reply('ready');
    } else {
      play(order.round).then(
        (tally) => reply({ tally }),
        (error: Error) => reply({ failed: error.stack ?? error.message }),
      );
    }
  });
  process.on('disconnect', () => process.exit());
}

function reply(message: Reply): void {
  if (process.connected) process.send?.(message);
}
