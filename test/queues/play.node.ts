/** One instance: starts the program of docs/jobs.md that is named, beside its `locker.ts` in the working directory, until its standard input ends. */
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Program {
  start(options: object): Promise<{ stop(): Promise<unknown> }>;
}

const [file = '', options = ''] = process.argv.slice(2);
const { start } = (await import(pathToFileURL(join(process.cwd(), file)).href)) as Program;
const queue = await start(JSON.parse(options));
console.log('started');
process.stdin.resume();
await once(process.stdin, 'end');
await queue.stop();
process.exit();
