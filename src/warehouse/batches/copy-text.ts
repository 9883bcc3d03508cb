import type { Prepare } from './values.ts';

const escaped: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};
/** All from the one to the other are escaped. */
const [backspace, carriageReturn] = [8, 13];
const backslash = 92;
const everyEscape = /[\\\t\n\r\b\f\v]/g;

/** One line of COPY's text format, with its newline: what node-postgres sends for each value, and bytes in hex. */
export function copyLine(values: readonly unknown[], prepare: Prepare): string {
  let line = '';
  for (let at = 0; at < values.length; at++) {
    if (at > 0) line += '\t';
    line += copyField(values[at], prepare);
  }
  return `${line}\n`;
}

function copyField(value: unknown, prepare: Prepare): string {
  if (typeof value === 'number') return String(value);
  const prepared = typeof value === 'string' ? value : prepare(value);
  if (prepared === null) return '\\N';
  if (typeof prepared !== 'string') return `\\\\x${prepared.toString('hex')}`;
  return needsEscape(prepared) ? prepared.replace(everyEscape, (character) => escaped[character] as string) : prepared;
}

/** By a loop: most fields are short, and calling a regular expression costs more than looking at them. */
function needsEscape(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash || (code >= backspace && code <= carriageReturn)) return true;
  }
  return false;
}
