import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  /** Resolves when stdout or stderr have `words`; rejects when the command ends without. */
  says(words: string | RegExp): Promise<void>;
  /** All it has said. */
  said(): string;
  /** To the command and all that it started. */
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Runs a line of shell in a process group of its own, as a terminal does, without any setting of the machine that runs the tests. */
export function run(command: string, folder: string, env: Readonly<Record<string, string>>, hears?: (line: string) => void): Running {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('bash', ['-c', command], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (hears !== undefined) createInterface({ input: child.stdout }).on('line', hears);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const said = (): string => stdout + stderr;
  return {
    said,
    async says(words) {
      const isSaid = (): boolean => (typeof words === 'string' ? said().includes(words) : words.test(said()));
      while (!isSaid()) {
        const next = Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended.then(() => 'the end')]);
        if ((await next) === 'the end' && !isSaid()) throw new Error(`"${command}" never said ${words}. It said:\n${said()}`);
      }
    },
    kill: (signal) => {
      try {
        process.kill(-(child.pid ?? 0), signal);
      } catch {
        // it has ended
      }
    },
    ended,
  };
}
