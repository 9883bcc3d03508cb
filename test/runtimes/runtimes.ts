import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { platformProgram, toolFolder } from '../matrix/tools.ts';

/** Something that runs JavaScript, as a package of npm. */
export interface Runtime {
  readonly name: string;
  /** For `npm install`; Node's own package has its program by an install script, so the one for this platform is taken directly. */
  readonly package: string;
  program(): string;
  /** What stands before the file. */
  readonly args: readonly string[];
}

const node = (major: number): Runtime => ({
  name: 'Node',
  package: `node${major}@npm:node-${process.platform}-${process.arch}@${major}`,
  program: () => join(toolFolder(`node${major}`), 'bin/node'),
  args: [],
});

export const runtimes: readonly Runtime[] = [
  node(20),
  node(22),
  node(24),
  { name: 'Bun', package: 'bun@1', program: () => platformProgram('@oven', 'bin/bun'), args: ['run'] },
  { name: 'Deno', package: 'deno@2', program: () => platformProgram('@deno', 'deno'), args: ['run', '--allow-all'] },
];

/** `22.13.0`, whatever else it says. */
export function versionOf(runtime: Runtime): string {
  return /\d+\.\d+\.\d+/.exec(execFileSync(runtime.program(), ['--version'], { encoding: 'utf8' }))?.[0] ?? '?';
}
