import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const project = resolve('test/interop/shedlock');

/** A process that answers each line with one line. */
export interface Worker {
  readonly process: ChildProcess;
  ask(...words: readonly (string | number)[]): Promise<string>;
  /** Lets it go by the end of its input. */
  end(): Promise<void>;
}

/** Compiles the Java worker, with ShedLock as Maven Central has it. The class path to run it with. */
export async function buildJavaWorker(mvn: string): Promise<string> {
  const goals = ['compile', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'];
  await promisify(execFile)(mvn, ['--quiet', '--batch-mode', ...goals], { cwd: project });
  return `${join(project, 'target/classes')}:${readFileSync(join(project, 'target/classpath.txt'), 'utf8').trim()}`;
}

/** ShedLock in a JVM. `timeZone`: what the JVM takes for the local one. */
export async function startJava(classpath: string, args: readonly string[], timeZone = 'UTC'): Promise<Worker> {
  const options = ['-Xmx96m', '-XX:TieredStopAtLevel=1', `-Duser.timezone=${timeZone}`, '-cp', classpath];
  return start('java', [...options, 'giveway.Worker', ...args]);
}

/** giveway in a process of its own. */
export async function startNode(args: readonly string[]): Promise<Worker> {
  return start(process.execPath, ['--import', 'tsx', join(project, 'turns-worker.ts'), ...args]);
}

export async function start(program: string, args: readonly string[]): Promise<Worker> {
  const child = spawn(program, args, { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ${args.at(-1)} ended without an answer`);
    return value;
  };
  await next();
  return {
    process: child,
    async ask(...words) {
      child.stdin?.write(`${words.join(' ')}\n`);
      return next();
    },
    async end() {
      child.stdin?.end();
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}
