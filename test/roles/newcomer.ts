import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readPage } from './page.ts';
import { type Ended, type Running, run } from './running.ts';

/** Somebody with an empty folder and a page of docs/roles, who does what stands there and nothing else. */
export interface Newcomer {
  readonly folder: string;
  /** Puts the page's next block of that name into the folder. */
  writes(file: string): void;
  /** Runs a command of the page to its end. What it exports stays. */
  types(command: string): Promise<Ended>;
  /** Runs one that goes on. `hears` is given each line of its stdout. */
  starts(command: string, hears?: (line: string) => void): Running;
  /** Deletes a file or folder: what follows must do without. */
  loses(path: string): void;
  /** Ends what was started and deletes the folder. */
  leaves(): Promise<void>;
}

export function newcomer(pageName: string, env: Readonly<Record<string, string>> = {}): Newcomer {
  const folder = mkdtempSync(join(tmpdir(), `giveway-role-${pageName}-`));
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true }\n');
  const page = readPage(pageName);
  const unwritten = [...page.files];
  const exported: string[] = [];
  const running: Running[] = [];

  const starts: Newcomer['starts'] = (command, hears) => {
    if (!page.commands.includes(command)) throw new Error(`docs/roles/${pageName}.md does not say to type: ${command}`);
    if (command.startsWith('export ')) exported.push(command);
    const started = run([...exported, packed(command)].join('\n'), folder, env, hears);
    running.push(started);
    return started;
  };
  return {
    folder,
    writes(file) {
      const index = unwritten.findIndex(({ name }) => name === file);
      const [block] = index < 0 ? [] : unwritten.splice(index, 1);
      if (block === undefined) throw new Error(`docs/roles/${pageName}.md has no block, or no further one, for ${file}`);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), block.text);
    },
    starts,
    loses: (path) => rmSync(join(folder, path), { recursive: true }),
    types: (command) => starts(command).ended,
    async leaves() {
      for (const { kill } of running) kill('SIGKILL');
      await Promise.all(running.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `npm install giveway …` takes what `npm publish` would send. */
function packed(command: string): string {
  const [, others] = /^npm install giveway\b(.*)$/.exec(command) ?? [];
  return others === undefined
    ? command
    : `npm install --prefer-offline --no-audit --no-fund ${process.env['GIVEWAY_TEST_TARBALL']}${others}`;
}
