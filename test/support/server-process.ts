import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server program that this process started. Gone when `stop` is called, and also when this process dies, however it dies. */
export interface ServerProcess {
  /** Of the server itself; another one after `start`. */
  readonly pid: number;
  /** SIGSTOP: connections stay open, nobody answers from now on. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** kill -9. The port stays reserved for `start`. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same arguments; resolves when it answers. */
  start(): Promise<void>;
  /** `kill` and `start`. */
  restart(): Promise<void>;
  /** Ends it and deletes its files. Twice is fine. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Deleted when the server ends for good. */
  readonly directory?: string | undefined;
  /** How to end it: postgres needs `QUIT` so that its children go with it. Default `KILL`. */
  readonly endWith?: 'KILL' | 'QUIT';
  /** Rejects as long as the server does not answer. */
  readonly answers: () => Promise<unknown>;
  /** Default 30 000. */
  readonly startWithinMs?: number;
}

// The shell is the server's parent and outlives this process by one read: when its stdin closes, for whatever reason
// (stop, exit, kill -9 of the test run), it ends the server. No orphan, and no pid that somebody else got meanwhile.
// It gives up its own stderr, so that the end of that stream is the end of the server.
const guard = `
signal=$1 directory=$2; shift 2
"$@" >&2 </dev/null & server=$!
echo "$server"
exec 2>/dev/null
read -r files
kill -CONT "$server" 2>/dev/null; kill -"$signal" "$server" 2>/dev/null
wait "$server"
[ "$files" = keep ] || [ -z "$directory" ] || rm -rf "$directory"
`;

/** Starts `command` and waits until it answers. The process that owns it can end at any time: the server ends with it. */
export async function startProcess(command: ServerCommand): Promise<ServerProcess> {
  let running = await startGuarded(command);
  const end = async (files: 'keep' | 'delete'): Promise<void> => {
    running.guard.ref();
    running.guard.stdin?.end(`${files}\n`);
    if (running.guard.exitCode === null && running.guard.signalCode === null) await once(running.guard, 'exit');
  };
  const server: ServerProcess = {
    get pid() {
      return running.pid;
    },
    pause: () => {
      process.kill(running.pid, 'SIGSTOP');
      // The signal takes its time, and until then one of the threads may still answer.
      while (!hasStopped(running.pid));
    },
    resume: () => void process.kill(running.pid, 'SIGCONT'),
    kill: () => end('keep'),
    start: async () => {
      running = await startGuarded(command);
    },
    restart: async () => {
      await server.kill();
      await server.start();
    },
    stop: async () => {
      await end('delete');
      if (command.directory !== undefined) rmSync(command.directory, { recursive: true, force: true });
    },
  };
  return server;
}

/** Whether each of its threads is stopped, or has ended. Where there is no /proc nobody can tell, and it counts as stopped. */
export function hasStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  try {
    return readdirSync(threads).every((thread) => /\) [TZX] /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')));
  } catch {
    return false; // a thread ended between the two looks
  }
}

async function startGuarded(command: ServerCommand): Promise<{ guard: ChildProcess; pid: number }> {
  const child = spawn(
    '/bin/sh',
    ['-c', guard, 'sh', command.endWith ?? 'KILL', command.directory ?? '', command.program, ...command.args],
    {
      detached: true, // a Ctrl-C in the terminal must reach this process first
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...command.env },
      cwd: tmpdir(),
    },
  );
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-4_000);
  });
  let hasEnded = false;
  child.stderr.once('end', () => {
    hasEnded = true;
  });
  child.stdin.on('error', () => {});
  const [firstLine] = await once(child.stdout, 'data');
  const pid = Number.parseInt(String(firstLine), 10);
  await untilItAnswers(command, () => hasEnded).catch((error) => {
    child.stdin.end();
    throw new Error(`${command.program} did not start: ${log}`, { cause: error });
  });
  for (const handle of [child, child.stdin, child.stdout, child.stderr] as { unref?(): void }[]) handle.unref?.();
  return { guard: child, pid };
}

async function untilItAnswers(command: ServerCommand, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + (command.startWithinMs ?? 30_000);
  for (;;) {
    try {
      await command.answers();
      return;
    } catch (error) {
      if (hasEnded() || performance.now() > deadline) throw error;
    }
    await sleep(20);
  }
}

/** A new empty directory for a server's files. */
export function temporaryDirectory(label: string): string {
  return mkdtempSync(join(tmpdir(), `giveway-${label}-`));
}
