import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { requireProgram } from '../../support/programs.ts';

/** A JVM that starts on a busy machine takes a tenth of it. */
const longestAnswerMs = 60_000;

/** How Java finds what Maven has built here. */
const classPath = ['classes', 'dependency/*'].map((part) => join(__dirname, 'target', part)).join(':');

/** Fetches Amazon's client, the first time, and compiles the programs beside it. */
export async function build(maven: string): Promise<void> {
  await promisify(execFile)(maven, ['-q', '-B', 'prepare-package'], { cwd: __dirname });
}

/** A table, and how the client sees it. */
export interface JavaOptions {
  readonly endpoint: string;
  readonly tableName: string;
  readonly sortKeyName?: string;
  readonly ownerName: string;
  readonly leaseMs?: number;
}

/** Amazon's client in a process of its own. */
export interface JavaPeer {
  readonly process: ChildProcess;
  /** Takes the lock, or tells the name of the exception. `flags`: keep (data), stay (after release), update, skip, exist. */
  acquire(key: Key, options?: { data?: string; flags?: string; attribute?: string }): Promise<string>;
  release(key: Key, options?: { data?: string; flags?: string }): Promise<string>;
  /** What somebody else sees: owner, data, lease, additional attributes; or `none`. */
  get(key: Key): Promise<string>;
  /** As `get`, released records too. */
  raw(key: Key): Promise<string>;
  list(): Promise<readonly string[]>;
  end(): Promise<void>;
}

export type Key = string | readonly [partitionKey: string, sortKey: string];

/** `program`: Peer or Turns. */
export function startJava(
  program: string,
  { endpoint, tableName, sortKeyName = '-', ownerName, leaseMs = 20_000 }: JavaOptions,
  ...more: string[]
): ChildProcess {
  const options = [endpoint, tableName, sortKeyName, ownerName, String(leaseMs), String(leaseMs / 4)];
  return spawn(requireProgram('java'), ['-cp', classPath, program, ...options, ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
}

export async function javaPeer(options: JavaOptions): Promise<JavaPeer> {
  const child = startJava('Peer', options);
  const waiting: ((line: string) => void)[] = [];
  const ready = new Promise<string>((resolve) => waiting.push(resolve));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => waiting.shift()?.(line));
  const ask = (...words: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${words.join(' ')}`)), longestAnswerMs);
      waiting.push((line) => {
        clearTimeout(timer);
        resolve(line);
      });
      child.stdin?.write(`${words.join('\t')}\n`);
    });
  const parts = (key: Key): [string, string] => (typeof key === 'string' ? [key, '-'] : [...key]);
  await ready;
  return {
    process: child,
    acquire: (key, { data = '-', flags = 'skip', attribute = '-' } = {}) => ask('acquire', ...parts(key), data, flags, attribute),
    release: (key, { data = '-', flags = 'none' } = {}) => ask('release', ...parts(key), data, flags),
    get: (key) => ask('get', ...parts(key)),
    raw: (key) => ask('raw', ...parts(key)),
    list: async () => (await ask('list')).split('\t').filter((key) => key !== ''),
    async end() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
