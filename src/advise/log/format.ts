import { InvalidOptionError } from '../../lock/errors.ts';
import { createCsvReader } from './csv.ts';
import type { Entry, LogReader } from './entry.ts';
import { createJsonReader } from './json.ts';
import { detectPrefix, type Prefix, readPrefix } from './prefix.ts';
import { createStderrReader } from './stderr.ts';

export type LogFormat = { readonly name: 'csvlog' } | { readonly name: 'jsonlog' } | { readonly name: 'stderr'; readonly prefix: Prefix };

/** Enough to tell prefixes apart. Lines that go on with another one, which begin with a tab, tell nothing. */
const linesLookedAt = 200;

/** Longer than nearly all entries: what has no second one by then is no log. */
const longestBeginning = 8 << 20;

/** Whether something in it may begin an entry: all of it may go on with one whose beginning was cut off. */
export function showsFormat(beginning: string): boolean {
  return beginning.length >= longestBeginning || /^[^\t]|\n[^\t]/.test(beginning);
}

/** What a log is written in, by its first lines. Throws `InvalidOptionError` if that is nothing that PostgreSQL writes. */
export function formatOf(path: string, beginning: string, linePrefix: string | undefined): LogFormat {
  const all = beginning.split('\n');
  const timed = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [^,]*,(?:"[^"]*")?,(?:"[^"]*")?,\d+,/;
  if (all.some((line) => timed.test(line))) return { name: 'csvlog' };
  if (all.some((line) => line.startsWith('{"timestamp":'))) return { name: 'jsonlog' };
  const lines = all.filter((line) => !line.startsWith('\t')).slice(0, linesLookedAt);
  const prefix = linePrefix === undefined ? detectPrefix(lines) : prefixOf(linePrefix, path, lines);
  if (prefix !== undefined) return { name: 'stderr', prefix };
  throw new InvalidOptionError('--log', path, notALog(beginning));
}

export function createReader(format: LogFormat, onEntry: (entry: Entry) => void): LogReader {
  if (format.name === 'csvlog') return createCsvReader(onEntry);
  return format.name === 'jsonlog' ? createJsonReader(onEntry) : createStderrReader(format.prefix, onEntry);
}

function prefixOf(written: string, path: string, lines: readonly string[]): Prefix {
  const prefix = readPrefix(written);
  if (prefix === undefined || !prefix.fields.has('pid')) {
    throw new InvalidOptionError(
      '--log-line-prefix',
      written,
      'the server\'s own is allowed, as "show log_line_prefix" prints it, with %p in it',
    );
  }
  const fits = lines.some((line) => {
    prefix.pattern.lastIndex = 0;
    return prefix.pattern.test(line);
  });
  if (fits) return prefix;
  throw new InvalidOptionError(
    '--log-line-prefix',
    written,
    `no line of ${path} begins so; the first is ${JSON.stringify(lines[0]?.slice(0, 100))}`,
  );
}

function notALog(beginning: string): string {
  if (beginning.includes('\0')) return 'it is no text; a csvlog, jsonlog or stderr log of PostgreSQL is allowed, also gzipped';
  return "its lines are neither csvlog nor jsonlog, and begin with no usual log_line_prefix; a stderr log is read with --log-line-prefix, the server's own";
}
