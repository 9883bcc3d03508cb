import { setTimeout as sleep } from 'node:timers/promises';
import { pauseServer } from '../backends.ts';
import { forgetting, type Nemesis } from '../nemesis.ts';

export const serverNemeses: readonly Nemesis[] = [
  {
    name: 'server killed',
    does: 'kill -9 of the server; it is back on the same port up to a second later',
    async strike(arena) {
      const { server, backend, random } = arena;
      const restart = async (): Promise<void> => {
        await server.kill();
        await sleep(random.between(0, 1_000));
        await server.start();
      };
      await (backend.forgets.atRestart ? forgetting(arena, true, restart) : restart());
      await sleep(random.between(500, 1_500));
    },
  },
  {
    name: 'server stopped',
    does: 'SIGSTOP to the server for 3 s: connections stay open, nobody answers',
    async strike(arena) {
      const { server, backend, random } = arena;
      const stop = async (): Promise<void> => {
        const paused = pauseServer(server);
        await sleep(3_000);
        paused.resume();
      };
      const { afterStopMs } = backend.forgets;
      await (afterStopMs > 0 ? forgetting(arena, false, stop, afterStopMs) : stop());
      await sleep(random.between(500, 1_500));
    },
  },
  {
    name: 'flushed',
    does: '`flush_all`, `FLUSHALL`, `truncate`: every record is gone at once',
    async strike(arena) {
      await forgetting(arena, true, () => arena.backend.flush(arena.server));
      await sleep(arena.random.between(300, 1_200));
    },
  },
  {
    name: 'evicted',
    does: 'a server with little memory is filled with other data until records have to go',
    suits: ({ crowd }) => crowd !== undefined,
    async strike(arena) {
      await forgetting(arena, false, async () => {
        for (let round = 0; round < 20; round++) {
          await arena.backend.crowd?.(arena.server);
          await sleep(20);
        }
      });
      await sleep(arena.random.between(100, 500));
    },
  },
];
