/** Runs the simulator on a core with one deliberate bug, in a folder and processes of its own. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.ts';
import type { Tally } from './seeds.ts';
import { kindOf } from './shrink.ts';

/** What the simulator has to say about a core: failing seeds, or loads that fall short. */
export type Findings = ReadonlySet<string>;

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Enough for each of the mutants to be caught: the rarest shows first after 400. */
const seeds = 1_200;

/** Without a mutant: of the core as it is. `enough`: after so many there is no need to go on. */
export async function findingsOf(shows: Mutant['shows'], mutant?: Mutant, enough: number = seeds): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-mutant-'));
  try {
    for (const name of ['src', 'test/simulation', 'test/support/mulberry32.ts', 'package.json', 'tsconfig.json', 'tsconfig.test.json'])
      cpSync(join(root, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    if (mutant !== undefined) apply(mutant, join(folder, 'src/lock', mutant.file));
    return shows === 'cost' ? await costFindings(folder, enough) : await seedFindings(folder, enough);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What shows with the mutant, and not without it. */
export function caughtBy(mutated: Findings, sound: Findings): readonly string[] {
  return [...mutated].filter((finding) => !sound.has(finding));
}

function apply({ name, find, replace }: Mutant, file: string): void {
  const text = readFileSync(file, 'utf8');
  const parts = text.split(find);
  if (parts.length !== 2)
    throw new Error(`The mutant "${name}" finds its text ${parts.length - 1} times in ${file}; once is needed. Write it anew.`);
  writeFileSync(file, parts.join(replace));
}

async function seedFindings(folder: string, enough: number): Promise<Findings> {
  const { failures } = JSON.parse(await run(folder, '--json', '--seeds', String(seeds), '--enough', String(enough))) as Tally;
  return new Set(failures.flatMap(({ seed, breaches }) => breaches.map(({ promise, text }) => `seed ${seed}: ${promise} ${kindOf(text)}`)));
}

async function costFindings(folder: string, enough: number): Promise<Findings> {
  const costs = JSON.parse(
    await run(
      folder,
      '--table',
      '--json',
      '--enough',
      String(enough),
      '--loads',
      '^(3 × 1 write, 5 ms|5 × 1 write, 30 ms|4 × 8 writes, 5 ms|appends 3 × 3 and one writer, 30 ms)$',
    ),
  ) as {
    name: string;
    kind: string;
    short: readonly string[];
  }[];
  return new Set(costs.flatMap(({ name, kind, short }) => short.map((each) => `${kind}, ${name}: ${each}`)));
}

function run(folder: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = ['--import', 'tsx', 'test/simulation/main.ts', ...args];
    execFile(process.execPath, command, { cwd: folder, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      // Violations end it with 1: that is what is wanted here.
      if (/^[[{]/.test(stdout)) resolve(stdout);
      else reject(new Error(`the simulator said nothing: ${error?.message ?? ''}\n${stderr}`));
    });
  });
}
