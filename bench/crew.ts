/** Processes that a benchmark starts, each with a worker's program: first they get ready, then they play whatever they are told. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The processes, seen from the benchmark. */
export interface Crew<Task, Result> {
  /** What each of the first `count` made of it. The others do nothing. */
  play(task: Task, count?: number): Promise<readonly Result[]>;
  dismiss(): void;
}

type Order<Setup, Task> = { readonly setup: Setup } | { readonly task: Task };
type Reply<Result> = { readonly result: Result } | { readonly failed: string };

export async function hire<Setup, Task, Result>(program: URL, setups: readonly Setup[]): Promise<Crew<Task, Result>> {
  const execArgv = program.pathname.endsWith('.mjs') ? [] : process.execArgv;
  const processes = setups.map(() => fork(fileURLToPath(program), { execArgv }));
  const dismiss = (): void => {
    for (const each of processes) each.kill('SIGKILL');
  };
  await Promise.all(processes.map((each, worker) => ask<Order<unknown, never>, unknown>(each, { setup: setups[worker] })));
  return {
    dismiss,
    play: (task, count) => Promise.all(processes.slice(0, count).map((each) => ask<Order<never, Task>, Result>(each, { task }))),
  };
}

/** Gives an order and waits for what it comes to. */
function ask<Message extends object, Result>(worker: ChildProcess, order: Message): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onReply = (reply: Reply<Result>): void => {
      worker.off('exit', onExit);
      if ('failed' in reply) reject(new Error(`a worker failed: ${reply.failed}`));
      else resolve(reply.result);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      worker.off('message', onReply);
      reject(new Error(`a worker ended (${signal ?? code})`));
    };
    worker.once('message', onReply).once('exit', onExit);
    worker.send(order);
  });
}

/** The worker's side: does what it is ordered, and ends with the benchmark. */
export function obey<Setup, Task, Result>(getReady: (setup: Setup) => Promise<(task: Task) => Promise<Result>>): void {
  let ready: Promise<(task: Task) => Promise<Result>> | undefined;
  const follow = async (order: Order<Setup, Task>): Promise<Result | undefined> => {
    if ('setup' in order) {
      ready = getReady(order.setup);
      await ready;
      return undefined;
    }
    return (await ready)?.(order.task);
  };
  process.on('message', (order: Order<Setup, Task>) => {
    const reply = (message: Reply<Result | undefined>): void => void (process.connected && process.send?.(message));
    follow(order).then(
      (result) => reply({ result }),
      (error: Error) => reply({ failed: error.stack ?? error.message }),
    );
  });
  process.on('disconnect', () => process.exit());
}
