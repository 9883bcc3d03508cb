import { jsonLine, printable, type Terminal } from './terminal.ts';

/** Says something beside the answer, on stderr: a line for people, or one of JSON, which `event` tells from the others. */
export function say(terminal: Pick<Terminal, 'writeError'>, isJson: boolean, event: string, message: string, facts: object = {}): void {
  terminal.writeError(isJson ? jsonLine({ giveway: event, message, ...facts }) : `giveway: ${printable(message)}\n`);
}
