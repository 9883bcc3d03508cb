import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type CommonFlags, openConfig } from '../open.ts';
import { type Observer, observe, type Sight, sightJson } from '../sight.ts';
import { catchSignals } from '../signals.ts';
import { statusTable } from '../status-table.ts';
import type { Terminal } from '../terminal.ts';
import { newCommand, type Perform } from './grammar.ts';

interface StatusFlags extends CommonFlags {
  readonly watch?: true;
}

const redrawEveryMs = 1_000;
const examples = [
  ['giveway status', 'every listed resource'],
  ['giveway status events visits --json', 'two of them, for a program'],
  ['giveway status --watch', 'redrawn every second until Ctrl-C'],
] as const;

export function statusCommand(perform: Perform): Command {
  return newCommand('status', 'Shows which resources are free and who holds the others.', examples)
    .argument('[resource...]', 'default: every listed resource')
    .option('-w, --watch', 'redraw every second')
    .action((resources: string[], flags: StatusFlags) => perform((terminal) => status(terminal, resources, flags)));
}

async function status(terminal: Terminal, wanted: readonly string[], flags: StatusFlags): Promise<number> {
  const observer = await observe(await openConfig(terminal, flags));
  try {
    const names = wanted.map((resource) => observer.nameOf(resource));
    const draw = async (): Promise<string> => inWords(terminal, await lookAtAll(observer, names), flags);
    if (flags.watch) await watch(terminal, draw);
    else terminal.write(await draw());
    return 0;
  } finally {
    await observer.close();
  }
}

/** All at once: the slowest answer is the time it takes. */
async function lookAtAll(observer: Observer, wanted: readonly string[]): Promise<readonly Sight[]> {
  const names = wanted.length > 0 ? wanted : await observer.resources();
  return Promise.all(names.map((name) => observer.look(name)));
}

function inWords(terminal: Terminal, sights: readonly Sight[], { json }: StatusFlags): string {
  if (json) return `${JSON.stringify(sights.map(sightJson))}\n`;
  if (sights.length > 0) return statusTable(sights, Date.now(), terminal.style);
  return 'No resources: the config lists none and the store cannot tell. Name some: giveway status events\n';
}

/** Until a signal. A store that does not answer is shown as that, and asked again. */
async function watch(terminal: Terminal, draw: () => Promise<string>): Promise<void> {
  const stopped = new AbortController();
  const signals = catchSignals(() => stopped.abort());
  try {
    while (!stopped.signal.aborted) {
      const picture = await draw().catch((error: Error) => `${error.message}\n`);
      terminal.write(terminal.isWatched ? `\u001b[H\u001b[J${picture}` : picture);
      await sleep(redrawEveryMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
  } finally {
    signals[Symbol.dispose]();
  }
}
