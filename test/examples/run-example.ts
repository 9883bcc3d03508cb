import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Example {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line that contains `text`. */
  printed(text: string): Promise<string>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const root = join(__dirname, '../..');

/** Runs a file of `examples/` in a process of its own, as a reader of it would. */
export function startExample(file: string, env: Record<string, string>): Example {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'examples', file)], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const watchers = new Set<(line: string) => void>();
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(line);
    for (const watcher of [...watchers]) watcher(line);
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal ?? 'unknown');
  return {
    process: child,
    lines,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const watch = (line: string): void => {
          if (line.includes(text)) resolve(line);
        };
        watchers.add(watch);
        lines.forEach(watch);
        void ended.then(() => reject(new Error(`It ended without printing "${text}"; it printed ${JSON.stringify(lines)}`)));
      }),
  };
}
