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

/** One line of COPY's text format, with its newline. */
export function copyLine(values: readonly unknown[]): string {
  let line = '';
  for (let at = 0; at < values.length; at++) {
    if (at > 0) line += '\t';
    line += copyField(values[at]);
  }
  return `${line}\n`;
}

function copyField(value: unknown): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (hasOwnForm(value)) return copyField(value.toPostgres(fieldText) ?? null);
  const text = fieldText(value);
  return needsEscape(text) ? text.replace(everyEscape, (character) => escaped[character] as string) : text;
}

/** By a loop: most fields are short, and calling a regular expression costs more than looking at them. */
function needsEscape(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash || (code >= backspace && code <= carriageReturn)) return true;
  }
  return false;
}

/** Says by itself what is to be sent for it, as node-postgres has it. */
function hasOwnForm(value: unknown): value is { toPostgres(prepare: (value: unknown) => unknown): unknown } {
  return typeof value === 'object' && typeof (value as { toPostgres?: unknown } | null)?.toPostgres === 'function';
}

/** A value as PostgreSQL reads it, the same as node-postgres sends it: dates in local time with its offset, bytes in hex, arrays as literals, other objects as JSON. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return dateText(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  if (Array.isArray(value)) return arrayText(value);
  if (hasOwnForm(value)) return fieldText(value.toPostgres(fieldText));
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

function arrayText(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (value === null || value === undefined) return 'NULL';
    if (Array.isArray(value)) return arrayText(value);
    return `"${fieldText(value).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${items.join(',')}}`;
}

/** Local time, so that a column without a time zone gets what node-postgres would write there, and read back. */
function dateText(date: Date): string {
  const offset = -Math.round(date.getTimezoneOffset());
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, '0'));
  return `${local}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}
