import { join } from 'node:path';
import { start, type Worker } from './shedlock/workers.ts';

/** A locker of ours in a process of its own, as holder.node.ts has it. */
export function startHolder(...args: readonly string[]): Promise<Worker> {
  return start(process.execPath, ['--import', 'tsx', join(__dirname, 'holder.node.ts'), ...args]);
}
