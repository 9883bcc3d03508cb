import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order, Reply, Round, Setup, Tally } from './messages.ts';

/** The processes, seen from the benchmark. */
export interface Crew {
  /** What each did. Those whom the load does not need do nothing. */
  play(round: Round): Promise<readonly Tally[]>;
  dismiss(): void;
}

export async function hire(workers: number, setup: Omit<Setup, 'worker'>): Promise<Crew> {
  const program = fileURLToPath(new URL('worker.ts', import.meta.url));
  const processes = Array.from({ length: workers }, () => fork(program));
  const dismiss = (): void => {
    for (const each of processes) each.kill('SIGKILL');
  };
  process.on('exit', dismiss);
  await Promise.all(processes.map((each, worker) => ask(each, { setup: { ...setup, worker } })));
  return {
    dismiss,
    play: (round) =>
      Promise.all(processes.slice(0, round.load.processes).map(async (each) => ((await ask(each, { round })) as { tally: Tally }).tally)),
  };
}

/** Gives an order and waits for what it comes to. */
function ask(worker: ChildProcess, order: Order): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onReply = (reply: Reply): void => {
      worker.off('exit', onExit);
      if (typeof reply === 'object' && 'failed' in reply) reject(new Error(`a worker failed: ${reply.failed}`));
      else resolve(reply);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      worker.off('message', onReply);
      reject(new Error(`a worker ended (${signal ?? code})`));
    };
    worker.once('message', onReply).once('exit', onExit);
    worker.send(order);
  });
}
