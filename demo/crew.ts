import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Order, perKind, type Reply, type Round, type RoundResult, type Setup, sumTallies, type Tally } from './messages.ts';

/** The worker processes, seen from the demo. */
export interface Crew {
  /** Plays one round in all of them. Rejects if one of them fails or dies. */
  play(round: Round, onProgress: (tally: Tally) => void): Promise<readonly RoundResult[]>;
  dismiss(): void;
}

export async function hire(workers: number, setup: Omit<Setup, 'worker' | 'workers'>): Promise<Crew> {
  const processes = Array.from({ length: workers }, startWorker);
  const dismiss = (): void => {
    for (const worker of processes) worker.kill('SIGKILL');
  };
  try {
    await Promise.all(processes.map((process, worker) => ask(process, { setup: { ...setup, worker, workers } })));
  } catch (error) {
    dismiss();
    throw error;
  }
  return {
    async play(round, onProgress) {
      const tallies = processes.map((): Tally => perKind(() => ({ done: 0, conflicts: 0 })));
      const results = processes.map(async (process, worker) => {
        const reply = await ask(process, { round }, (tally) => {
          tallies[worker] = tally;
          onProgress(sumTallies(tallies));
        });
        return (reply as { result: RoundResult }).result;
      });
      return Promise.all(results);
    },
    dismiss,
  };
}

function startWorker(): ChildProcess {
  // In a group of its own: a Ctrl-C in the terminal is for the demo, which then dismisses its workers.
  return fork(fileURLToPath(new URL('worker.ts', import.meta.url)), { detached: true });
}

/** Gives an order and waits for what it comes to. */
function ask(worker: ChildProcess, order: Order, onProgress?: (tally: Tally) => void): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off('message', onReply).off('exit', onExit);
      end();
    };
    const onReply = (reply: Reply): void => {
      if (typeof reply === 'object' && 'progress' in reply) onProgress?.(reply.progress);
      else if (typeof reply === 'object' && 'failed' in reply) settle(() => reject(new Error(`a worker failed: ${reply.failed}`)));
      else settle(() => resolve(reply));
    };
    const onExit = (code: number | null, signal: string | null): void => {
      settle(() => reject(new Error(`a worker ended (${signal ?? code})`)));
    };
    worker.on('message', onReply).on('exit', onExit);
    worker.send(order);
  });
}
