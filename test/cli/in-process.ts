import { runCli } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What a command line answered. */
export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A terminal that is not there: `replies` answers questions, or nobody can be asked. Without variables and colours. */
export interface Setting {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly reply?: (question: string) => string | Promise<string>;
}

/** Runs `giveway …` inside this process. */
export async function giveway(args: readonly string[], { cwd = '/', env = {}, reply }: Setting = {}): Promise<Answer> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    env,
    cwd,
    isWatched: false,
    canAsk: reply !== undefined,
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    ask: async (question) => (reply === undefined ? '' : reply(question)),
    style: (_, text) => text,
  };
  const code = await runCli(args, terminal, () => '1.2.3');
  return { code, out, err };
}
