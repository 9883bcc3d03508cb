import { Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../terminal.ts';

/** Hands what a command does, once its arguments are understood, to whoever performs it. A task resolves to the exit code. */
export type Perform = (task: (terminal: Terminal) => Promise<number>) => Promise<void>;

/** What a command that looks at locks takes: which config, or which store. */
const settings = {
  config: [
    '--config <file>',
    'the config file; else GIVEWAY_CONFIG, else, unless a store is named, the nearest giveway.config.* or package.json',
  ],
  store: ['--store <url>', 'where the locks live; wins over the config and GIVEWAY_STORE'],
  env: ['--env <name>', "the config's block of `environments`; wins over GIVEWAY_ENV"],
} as const;

const allSettings = ['config', 'store', 'env'] as const;

/** A command with the flags that most of them have: of the settings, those that it heeds. `examples` are command lines and what they do. */
export function newCommand(
  name: string,
  summary: string,
  examples: readonly (readonly [line: string, purpose: string])[],
  heeded: readonly (keyof typeof settings)[] = allSettings,
): Command {
  const command = new Command(name).description(summary);
  for (const [flag, purpose] of heeded.map((each) => settings[each])) command.option(flag, purpose, nonEmpty);
  const shown = examples.map(([line, purpose]) => `  ${line}\n      ${purpose}`).join('\n');
  return command.option('--json', 'answers as JSON').addHelpText('after', `\nExamples:\n${shown}`);
}

/** Collects `a,b --write c` into a list. */
export function names(text: string, before: readonly string[] = []): readonly string[] {
  const found = splitAtCommas(text).map((name) => name.trim());
  if (found.includes('')) throw new InvalidArgumentError('A name is missing; names are written as events or as events,visits.');
  return [...before, ...found];
}

/** At the commas outside quotes. */
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    if (quoted || text[at] !== ',') continue;
    parts.push(text.slice(start, at));
    start = at + 1;
  }
  return [...parts, text.slice(start)];
}

export function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
    throw new InvalidArgumentError(`A whole number from 1 to ${most} is allowed.`);
  };
}

export function exitCode(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  throw new InvalidArgumentError('An exit code from 0 to 255 is allowed.');
}
