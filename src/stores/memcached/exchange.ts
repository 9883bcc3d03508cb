import { attemptMs, type Call, leftMs, watch } from './call.ts';
import type { Connection } from './connection.ts';
import { type Fault, unavailable } from './fault.ts';
import type { Link } from './link.ts';
import type { Reply, Request } from './request.ts';

/** One store call under way: all its requests are about one key on one server, within one deadline. */
export interface Task {
  readonly link: Link;
  readonly call: Call;
  readonly key: string;
  /** Faults met so far. */
  faults: number;
}

/**
 * An open connection. A server that refuses the first try of a call is reported at once; later in a call, when a request
 * is in doubt, connecting is tried until the call is over: the server may be on its way back.
 */
export async function connected(task: Task): Promise<Connection> {
  for (;;) {
    const connection = task.link.open ?? (await task.link.connect(task.call));
    if (connection.kind === 'connection') return connection;
    if (task.faults === 0) throw unavailable(task.link, connection);
    await pauseAfter(connection, task);
  }
}

/**
 * Sends one request on that connection. `undefined`: nobody knows what became of it, and there is time left to find out.
 * Throws `StoreUnavailableError` when there is none.
 */
export async function ask(task: Task, connection: Connection, request: Request): Promise<Reply | undefined> {
  const outcome = await exchange(connection, request, task.call);
  if (outcome.kind === 'reply') return outcome;
  await pauseAfter(outcome, task);
  return undefined;
}

function exchange(connection: Connection, request: Request, call: Call): Promise<Reply | Fault> {
  return new Promise((resolve) => {
    const stop = watch(call, attemptMs(call), () => connection.timeOut(call.timeoutMs));
    connection.send(request, (outcome) => {
      stop();
      resolve(outcome);
    });
  });
}

/** The first fault of a call is often a connection that had gone stale, so the second try comes at once. */
export async function pauseAfter(fault: Fault, task: Task): Promise<void> {
  task.faults += 1;
  const left = leftMs(task.call);
  if (fault.isFinal || left <= 0) throw unavailable(task.link, fault);
  if (task.faults > 1) await new Promise((resolve) => setTimeout(resolve, Math.min(5 * 2 ** task.faults, 50, left)));
}
