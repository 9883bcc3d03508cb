import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { printable as asInMessages } from '../lock/holder.ts';
import { exitCodes } from './exit-codes.ts';

type Style = Parameters<typeof styleText>[0];

/** What a command has round it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Somebody looks at stdout: it may be redrawn. */
  readonly isWatched: boolean;
  /** Somebody can answer a question. */
  readonly canAsk: boolean;
  /** To stdout, as it is. */
  write(text: string): void;
  /** To stderr, as it is. */
  writeError(text: string): void;
  /** One line from stdin; empty at its end. */
  ask(question: string): Promise<string>;
  /** `text` in a colour where colours are shown. */
  style(style: Style, text: string): string;
}

/**
 * The process's own. Nothing is opened before it is used, and messages are written to the descriptor itself: a stream
 * on it would make a pipe that a child shares non-blocking.
 */
export function processTerminal(): Terminal {
  const { env, stdout } = lazily(process);
  return {
    env,
    // Throws where somebody has removed it: then a command fails that needs it.
    get cwd() {
      return process.cwd();
    },
    get isWatched() {
      return stdout().isTTY;
    },
    get canAsk() {
      return process.stdin.isTTY;
    },
    write: (text) => void stdout().write(text),
    writeError,
    async ask(question) {
      const { createInterface } = await import('node:readline/promises');
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      return Promise.race([lines.question(question), ended]).finally(() => lines.close());
    },
    style: (style, text) => (stdout().isTTY && !env.NO_COLOR ? styleText(style, text) : text),
  };
}

/** `giveway status | head -1` closes our stdout early: that is an end. A full disk is a fault. */
function endOf(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  writeError(`giveway: stdout cannot be written: ${error.message}\n`);
  process.exit(exitCodes.software);
}

function writeError(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody listens, or not fast enough: a message is not worth a command.
  }
}

function lazily({ env }: NodeJS.Process): { env: NodeJS.ProcessEnv; stdout: () => NodeJS.WriteStream } {
  let isGuarded = false;
  return {
    env,
    stdout() {
      if (!isGuarded) process.stdout.on('error', (error) => endOf(error));
      isGuarded = true;
      return process.stdout;
    },
  };
}

/**
 * What others wrote: a name from a record, a server's answer. By the rule for messages it cannot move the cursor, change
 * colours or turn the reading direction, and fills no line; the sign for what is left out is one that every terminal has.
 */
export function printableName(text: string): string {
  return asInMessages(text).replaceAll('\ufffd', '?');
}

/** A line of ours, with text of others in it: the same of every character, whatever its length. */
export function printable(text: string): string {
  return text.replace(/[^ -~]/gu, printableName);
}

/** One line of JSON. Its own escapes leave some characters as they are that a terminal acts upon. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`;
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
