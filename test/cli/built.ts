import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(__dirname, '../..');

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM'); // it passes it on to its command
});

/** How a process ended, and what it said. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Resolves when stdout or stderr has said so; rejects when it ends without. */
  says(text: string): Promise<void>;
}

/** The program as it is shipped: bundled JavaScript in a folder of its own. */
export interface BuiltCli {
  readonly main: string;
  /** Starts `giveway …`. What is on stdin is ended at once, unless `input` is `'open'`. */
  start(args: readonly string[], options?: StartOptions): Running;
  remove(): void;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
}

export function buildCli(): BuiltCli {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-cli-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  // More entries than the program, as in the real build: with one alone the chunks would import the program itself.
  const entries = ['src/cli/main.ts', 'src/index.ts', 'src/config/index.ts', 'src/stores/memory.ts'];
  const exports = { '.': './dist/index.cjs', './config': './dist/config/index.cjs', './memory': './dist/stores/memory.cjs' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'giveway', exports }));
  const flags = [
    '--no-config',
    '--no-dts',
    '--format',
    'cjs',
    '--platform',
    'node',
    '--target',
    'node20.19',
    '--logLevel',
    'error',
    '--no-fail-on-warn',
  ];
  execFileSync(join(root, 'node_modules/.bin/tsdown'), [...entries, ...flags, '--out-dir', join(folder, 'dist')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const main = join(folder, 'dist/cli/main.cjs');
  return {
    main,
    start: (args, options) => start(main, args, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function start(main: string, args: readonly string[], { cwd, env, input = '' }: StartOptions = {}): Running {
  const { GIVEWAY_STORE: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [main, ...args], { cwd: cwd ?? tmpdir(), env: { ...inherited, ...env } });
  running.add(child);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let isOver = false;
  const ended = once(child, 'close').then(([code]): Ran => {
    isOver = true;
    running.delete(child);
    return { code: code as number | null, stdout: out().toString(), stderr: err().toString() };
  });
  return {
    process: child,
    ended,
    async says(text) {
      while (!`${out()}${err()}`.includes(text)) {
        if (isOver) throw new Error(`It ended and never said "${text}", but ${out()}${err()}`);
        await sleep(10);
      }
    },
  };
}

function collect(stream: NodeJS.ReadableStream): () => Buffer {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}
