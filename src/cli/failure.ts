import { GivewayError } from '../lock/errors.ts';
import { printable } from './terminal.ts';

/** What a command rejected with, for stderr: a line for people, of a config's problems one each; or one line of JSON. */
export function failureText(error: unknown, isJson: boolean): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\boverrides\.store\b/, '--store');
  if (!isJson) return `giveway: ${message.split('\n').map(printable).join('\n')}\n`;
  return `${JSON.stringify({ giveway: 'failed', message, ...(error instanceof GivewayError ? { code: error.code } : {}) })}\n`;
}
