import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order, Reply, Round, Setup, Tally } from './messages.ts';

/** The processes, seen from the benchmark. */
export interface Crew {
  readonly workers: number;
  /** What each did: the workers, then those that only read. */
  play(round: Round): Promise<readonly Tally[]>;
  dismiss(): void;
}

export async function hire(workers: number, readers: number, setup: Omit<Setup, 'worker' | 'workers'>): Promise<Crew> {
  const start = (program: URL, count: number): ChildProcess[] => Array.from({ length: count }, () => fork(fileURLToPath(program)));
  const processes = [...start(new URL('worker.ts', import.meta.url), workers), ...start(new URL('reader.ts', import.meta.url), readers)];
  const dismiss = (): void => {
    for (const each of processes) each.kill('SIGKILL');
  };
  process.on('exit', dismiss);
  await Promise.all(processes.map((each, worker) => ask(each, { setup: { ...setup, worker, workers } })));
  return {
    workers,
    dismiss,
    play: (round) => Promise.all(processes.map(async (each) => ((await ask(each, { round })) as { tally: Tally }).tally)),
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
