/** `npm run test:faults`: every store under every fault, then a table. Its help is in options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Progress, showProgress } from '../../demo/progress.ts';
import { type Backend, backends } from './backends.ts';
import { type Cell, runCell } from './cell.ts';
import type { Beside } from './fleet.ts';
import { nemeses } from './nemeses/index.ts';
import type { Nemesis } from './nemesis.ts';
import { help, type RunOptions, readOptions, UsageError } from './options.ts';
import { NoSuchCommitError, packedAt } from './packed.ts';
import { isGreen, problems, type Row, reportLine, reportTable } from './report.ts';
import { mistakes } from './unsafe.ts';

/** An unsafe variant is caught in a few strikes, most often in the first. */
const mostUnsafeSeconds = 30;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const { seed, seconds, stores, faults, json } = options;
  const progress = showProgress(json ? process.stderr : process.stdout);
  progress.note(`${stores.length} stores, ${faults.length} faults, ${seconds} s each; --seed ${seed} makes the same choices again`);
  const beside = options.beside === undefined ? undefined : { version: options.beside, packed: await packedAt(options.beside) };
  const chosen = backends.filter(({ name }) => stores.includes(name));
  const rows = (await Promise.all(chosen.map((backend) => runStore(backend, options, beside, progress)))).flat();
  progress.end();
  const green = rows.every(isGreen);
  const text = `\n${reportTable(rows)}\n${problems(rows)}${green ? 'Every promise held.' : 'Not green.'} Seed ${seed}.\n`;
  process.stdout.write(json ? `${JSON.stringify({ seed, seconds, green, rows }, null, 2)}\n` : text);
  return green ? 0 : 1;
}

/** The faults of one store, one after another; the stores run side by side. */
async function runStore(backend: Backend, options: RunOptions, beside: Beside | undefined, progress: Progress): Promise<readonly Row[]> {
  const server = await backend.start();
  const rows: Row[] = [];
  const run = async (nemesis: Nemesis, mistake?: (typeof mistakes)[number]): Promise<void> => {
    const variant = mistake?.variant ?? 'as built';
    const length = mistake === undefined ? { seconds: options.seconds } : { seconds: mostUnsafeSeconds, until: mistake.shows };
    const cell = await runCell({ backend, server }, nemesis, { seed: options.seed, variant, beside, ...length });
    const { verdict, besides, tookMs } = cell;
    const row: Row = {
      store: backend.name,
      fault: nemesis.name,
      variant,
      shows: mistake?.shows,
      verdict,
      beside,
      besides,
      seconds: tookMs / 1_000,
    };
    rows.push(isGreen(row) ? row : { ...row, history: keep(options.histories, row, cell) });
    progress.done(reportLine(row));
  };
  try {
    for (const nemesis of nemeses) {
      if (options.faults.includes(nemesis.name) && (nemesis.suits?.(backend) ?? true)) await run(nemesis);
    }
    const stall = nemeses.find(({ name }) => name === 'holder stalled') as Nemesis;
    for (const mistake of mistakes) await run(stall, mistake);
  } finally {
    await server.stop();
  }
  return rows;
}

/** Writes a history, a line of JSON for each step, oldest first. */
function keep(folder: string, { store, fault, variant }: Row, { history }: Cell): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${[store, fault, variant].join('-').replaceAll(' ', '-')}.jsonl`);
  const lines = [...history].sort((a, b) => a.at - b.at).map((line) => JSON.stringify(line));
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

// Exit handlers end the workers; the servers end with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isUsage = error instanceof UsageError || error instanceof NoSuchCommitError;
    process.stderr.write(`${isUsage ? error.message : (error as Error).stack}\n`);
    process.exit(isUsage ? 64 : 70);
  },
);
