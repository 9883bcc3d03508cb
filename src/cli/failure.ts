import { ConfigError, GivewayError, InvalidOptionError, StoreUnavailableError } from '../lock/errors.ts';
import { jsonLine, printable } from './terminal.ts';

/** What a command rejected with, for stderr: a line for people, of a config's problems one each; or one line of JSON. */
export function failureText(error: unknown, isJson: boolean, store?: string): string {
  const words = inWordsOfTheCommand(error);
  const message = error instanceof StoreUnavailableError ? withStore(words, store) : words;
  if (!isJson) return `giveway: ${message.split('\n').map(printable).join('\n')}\n`;
  return jsonLine({ giveway: 'failed', message, ...(error instanceof GivewayError ? { code: error.code } : {}) });
}

/** And which store, where the message names none of its hosts. */
export function withStore(message: string, store = ''): string {
  const [, hosts] = /^[^:]+:\/\/(?:\*\*\*@)?([^/?]+)/.exec(store) ?? [];
  return hosts === undefined || hosts.split(',').some((host) => message.includes(host)) ? message : `${message} (${store})`;
}

/** Of functions that the commands call. */
const flagsOfOptions: ReadonlyMap<string, string> = new Map([
  ['table', '--journal-table'],
  ['name', '--name'],
  ['ttlMs', '--ttl'],
  ['maxHoldMs', '--max-hold'],
  ['job', '--job'],
  ['token', 'GIVEWAY_DASHBOARD_TOKEN'],
  ['host', '--host'],
]);

const inFlags = /^(?:overrides\.|envName$)/;

/** Flags instead of options of functions, and what a command line can do instead of what code can. */
function inWordsOfTheCommand(error: unknown): string {
  if (error instanceof ConfigError && error.problems.every(({ path }) => inFlags.test(path)))
    return error.problems.map(({ path, message }) => `${flagOf(path)}: ${message}`).join('\n');
  const flag = error instanceof InvalidOptionError ? flagsOfOptions.get(error.path) : undefined;
  if (error instanceof InvalidOptionError && flag !== undefined) return flag + error.message.slice(error.path.length);
  return (error instanceof Error ? error.message : String(error))
    .replace(/^(--[a-z-]+|[A-Z_]+): received undefined; /, '$1 is not given; ')
    .replace(/^ {2}(overrides\.store|envName):/gm, (_, path: string) => `  ${flagOf(path)}:`)
    .replace('Call createTable() once, or run:', 'Run giveway init --create-tables, which makes it, or in the database:')
    .replace('with store.createTable()', 'with giveway init --create-tables');
}

function flagOf(path: string): string {
  return path === 'envName' ? '--env' : path.replace(/^overrides\./, '--');
}
