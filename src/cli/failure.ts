import { ConfigError, GivewayError } from '../lock/errors.ts';
import { jsonLine, printable } from './terminal.ts';

/** What a command rejected with, for stderr: a line for people, of a config's problems one each; or one line of JSON. */
export function failureText(error: unknown, isJson: boolean): string {
  const message = inWordsOfTheCommand(error);
  if (!isJson) return `giveway: ${message.split('\n').map(printable).join('\n')}\n`;
  return jsonLine({ giveway: 'failed', message, ...(error instanceof GivewayError ? { code: error.code } : {}) });
}

const inFlags = /^(?:overrides\.|envName$)/;

/** Flags instead of options of functions, and what a command line can do instead of what code can. */
function inWordsOfTheCommand(error: unknown): string {
  if (error instanceof ConfigError && error.problems.every(({ path }) => inFlags.test(path)))
    return error.problems.map(({ path, message }) => `${flagOf(path)}: ${message}`).join('\n');
  return (error instanceof Error ? error.message : String(error))
    .replace(/^table: /, '--journal-table: ')
    .replace(/^(--[a-z-]+|[A-Z_]+): received undefined; /, '$1 is not given; ')
    .replace(/^ {2}(overrides\.store|envName):/gm, (_, path: string) => `  ${flagOf(path)}:`)
    .replace(
      'Call createTable() once, or run:',
      "Add the parameter createTable=true to the store's URL, which makes it on the way, or run:",
    );
}

function flagOf(path: string): string {
  return path === 'envName' ? '--env' : path.replace(/^overrides\./, '--');
}
