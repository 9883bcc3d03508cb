import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/support/free-port.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Whom a server runs as where we are root: PostgreSQL and memcached refuse to be root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A server could not be started or reached. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

const startWithinMs = 30_000;
const guards = new Set<ChildProcess>();

export interface ServerPlan {
  /** Run to its end before the server. */
  readonly prepare?: Command;
  readonly server: Command;
}

/** How to start a server, given a free port of the loopback and a new directory, which is deleted when the server ends. */
export interface ServerRecipe {
  readonly account: Account | undefined;
  plan(directory: string, port: number): ServerPlan | Promise<ServerPlan>;
  /** Rejects as long as the server does not answer. */
  answers(port: number): Promise<unknown>;
}

/** Starts a server, and resolves to its port when it answers. */
export async function startServer({ account, plan, answers }: ServerRecipe): Promise<number> {
  // In a group of its own: a Ctrl-C in the terminal is for the demo, which then stops its servers.
  const guard = fork(fileURLToPath(new URL('guard.ts', import.meta.url)), { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  guards.add(guard);
  let log = '';
  for (const stream of [guard.stdout, guard.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log = (log + chunk).slice(-2_000);
    });
  }
  guard.send({ account });
  const [directory] = await once(guard, 'message');
  const port = await freePort();
  const { prepare, server } = await plan(directory, port);
  guard.send({ prepare, server });
  const deadline = performance.now() + startWithinMs;
  for (;;) {
    try {
      await answers(port);
      return port;
    } catch (cause) {
      if (hasEnded(guard) || performance.now() > deadline)
        throw new ServerError(`${server.program} did not start. ${log.trim()}`, { cause });
    }
    await sleep(20);
  }
}

/** Ends all that were started, and waits for it. */
export async function stopServers(): Promise<void> {
  await Promise.all(
    [...guards].map(async (guard) => {
      if (guard.connected) guard.disconnect();
      if (!hasEnded(guard)) await once(guard, 'exit');
    }),
  );
}

/** An account without rights; `undefined` where we are not root, and servers run as we do. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const idOf = (flag: string): number => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: idOf('-u'), gid: idOf('-g') };
    } catch {
      // no such account: the next one
    }
  }
  throw new ServerError('PostgreSQL refuses to be root, and there is no account "nobody" to run it as. Run the demo as another user');
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Rejects unless something listens on `port`. */
export async function accepts(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
