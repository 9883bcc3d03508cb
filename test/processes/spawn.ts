import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface Told {
  readonly what: string;
  readonly at: number;
  readonly [field: string]: unknown;
}

export interface Worker {
  readonly process: ChildProcess;
  /** Everything told so far. */
  readonly lines: readonly Told[];
  /** The first line of this kind, told already or not yet. Rejects when the process ends without it. */
  told(what: string): Promise<Told>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A worker in a process of its own, running `script` of this folder with TypeScript. Called from the top of the repository. */
export function startWorker(script: string, args: readonly string[], env: Record<string, string>): Worker {
  return startProgram(process.execPath, ['--import', 'tsx', resolve('test/processes', script), ...args], env);
}

/** Any program that tells what it does as our workers do. */
export function startProgram(program: string, args: readonly string[], env: Record<string, string>): Worker {
  const child = spawn(program, args, { env: { ...process.env, NODE_OPTIONS: '', ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const lines: Told[] = [];
  const watchers = new Set<() => void>();
  const notify = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(JSON.parse(line) as Told);
    notify();
  });
  let over: number | string | undefined;
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    over = (code as number | null) ?? (signal as string | null) ?? 'unknown';
    notify();
    return over;
  });
  return {
    process: child,
    lines,
    ended,
    told(what) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => each.what === what);
          if (line === undefined && over === undefined) return;
          watchers.delete(look);
          if (line === undefined)
            reject(new Error(`The worker ended with ${over} before it told "${what}"; it told ${JSON.stringify(lines)}`));
          else resolve(line);
        };
        watchers.add(look);
        look();
      });
    },
  };
}
