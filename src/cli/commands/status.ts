import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { StoreUnavailableError } from '../../lock/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { failureText } from '../failure.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { say } from '../say.ts';
import { type Observer, observe, type Sight, sightJson, unknownSight } from '../sight.ts';
import { catchSignals } from '../signals.ts';
import { statusTable } from '../status-table.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
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
    const draw = async (): Promise<Picture> => inWords(terminal, await lookAtAll(observer, names), observer.canList, flags);
    if (flags.watch) {
      await watch(terminal, flags.json ?? false, draw);
      return exitCodes.ok;
    }
    const { text, failure } = await draw();
    terminal.write(text);
    if (flags.json && !observer.canList && text === jsonLine([])) say(terminal, true, 'tables-not-seen', notListable.trimEnd());
    if (failure === undefined) return exitCodes.ok;
    terminal.writeError(failureText(failure, flags.json ?? false));
    return exitCodes.storeDown;
  } finally {
    await observer.close();
  }
}

interface Seen {
  readonly sights: readonly Sight[];
  /** Of several servers one did not answer: what is there is unknown. */
  readonly failure: StoreUnavailableError | undefined;
}

interface Picture {
  readonly text: string;
  readonly failure: StoreUnavailableError | undefined;
}

/** All at once: the slowest answer is the time it takes. Rejects if there is none. */
async function lookAtAll(observer: Observer, wanted: readonly string[]): Promise<Seen> {
  const names = wanted.length > 0 ? wanted : [...(await observer.resources())].sort();
  let failure: StoreUnavailableError | undefined;
  const look = (name: string): Promise<Sight> =>
    observer.look(name).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
      failure ??= error;
      return unknownSight(name);
    });
  const sights = await Promise.all(names.map(look));
  if (failure !== undefined && sights.every(({ state }) => state === 'unknown')) throw failure;
  return { sights, failure };
}

const nothingLocked = 'Nothing is locked, and the config lists no tables.\n';
const notListable =
  'This store cannot list its keys and the config lists no tables, so what is held cannot be seen. Name some: giveway status events\n';

function inWords({ style }: Terminal, { sights, failure }: Seen, isListing: boolean, { json }: StatusFlags): Picture {
  if (json) return { text: jsonLine(sights.map(sightJson)), failure };
  if (sights.length > 0) return { text: statusTable(sights, Date.now(), style), failure };
  return { text: isListing ? nothingLocked : notListable, failure };
}

/** Until a signal. A store that does not answer is shown as that, and asked again. */
async function watch(terminal: Terminal, isJson: boolean, draw: () => Promise<Picture>): Promise<void> {
  const stopped = new AbortController();
  const signals = catchSignals(() => stopped.abort());
  try {
    while (!stopped.signal.aborted) {
      const { text, failure } = await draw().catch((error: Error) => ({ text: '', failure: error }));
      const said = failure === undefined ? '' : failureText(failure, isJson);
      // JSON is for programs: nothing else is among it, and nothing is redrawn.
      if (isJson) terminal.writeError(said);
      const picture = isJson ? text : text + said;
      terminal.write(terminal.isWatched && !isJson ? `\u001b[H\u001b[J${picture}` : picture);
      await sleep(redrawEveryMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
  } finally {
    signals[Symbol.dispose]();
  }
}
