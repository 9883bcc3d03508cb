import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { exitCodes } from './exit-codes.ts';

/** A command that runs while the lock is held. */
export interface Child {
  /** The exit code; 128 + n if signal n ended it; 127 and 126 if it could not be executed. */
  readonly ended: Promise<number>;
  /** Why it could not be executed, if so. */
  readonly failure: () => string | undefined;
  /** Passes on a signal that this process received. */
  pass(signal: NodeJS.Signals): void;
  /** TERM, then KILL for what is left after `graceMs`. Resolves when nothing is left. */
  stop(graceMs: number): Promise<void>;
}

const lookEveryMs = 20;

/** In place of "spawn x ENOENT". */
const failures: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program, in PATH or at that place; a whole line of shell is written sh -c "…"',
  EACCES: 'it may not be executed: no rights (chmod +x), or a directory',
  ERR_INVALID_ARG_VALUE: 'its name is empty, or there is a NUL in it or behind it',
  ENOEXEC: 'it is no program: a script begins with a line such as #!/bin/sh',
};

/**
 * Starts `command` on this process's own stdin, stdout and stderr.
 *
 * It gets a process group of its own, so that signals reach its children too. On a terminal it stays in ours: there the
 * terminal signals everybody by itself, and a foreign group could not read from it.
 */
export function startChild([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Child {
  const isOnTerminal = isatty(0);
  let failure: string | undefined;
  let child: ChildProcess | undefined;
  // Ctrl-Z stops the foreground group alone. In a group of its own the command would go on, and its lock would end unrenewed.
  // Listened for before it is started, or one in between would do just that.
  const stop = (): void => {
    send('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  };
  const goOn = (): void => void send('SIGCONT');
  if (!isOnTerminal) process.on('SIGTSTP', stop).on('SIGCONT', goOn);
  const ended = new Promise<number>((resolve) => {
    const failed = (error: Error): void => {
      const { code } = error as NodeJS.ErrnoException;
      failure = failures[code ?? ''] ?? error.message;
      resolve(code === 'ENOENT' ? exitCodes.notFound : exitCodes.cannotExecute);
    };
    try {
      child = spawn(program, args, { stdio: 'inherit', detached: !isOnTerminal, env });
    } catch (error) {
      failed(error as Error); // arguments too long, or with a NUL
      return;
    }
    child.once('error', failed);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
  if (!isOnTerminal) void ended.then(() => process.off('SIGTSTP', stop).off('SIGCONT', goOn));

  /** `false`: there is nobody left. */
  function send(signal: NodeJS.Signals | 0): boolean {
    if (child?.pid === undefined) return false;
    try {
      return process.kill(isOnTerminal ? child.pid : -child.pid, signal);
    } catch {
      return false;
    }
  }

  return {
    ended,
    failure: () => failure,
    pass(signal) {
      const hasItAlready = isOnTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
      if (!hasItAlready) send(signal);
    },
    async stop(graceMs) {
      const endsAt = performance.now() + graceMs;
      send('SIGTERM');
      while (send(0) && performance.now() < endsAt) await sleep(lookEveryMs);
      send('SIGKILL');
      await ended;
    },
  };
}
