import { type Entry, type LogReader, timeOf } from './entry.ts';
import type { Prefix, PrefixField } from './prefix.ts';
import { firstWord } from './words.ts';

interface Line {
  readonly pid: number;
  readonly state: string;
  readonly label: string;
  readonly text: string;
}

/** An error whose further lines (detail, hint, statement) come next: the server writes them in one piece. */
interface Unfinished {
  readonly label: string;
  readonly entry: Entry;
}

const conflictStates = new Set(['40001', '40P01']);

/** Where the prefix has no SQLSTATE, conflicts are known by their words, in English alone. */
const conflictWords: readonly (readonly [beginning: string, state: string])[] = [
  ['could not serialize access', '40001'],
  ['deadlock detected', '40P01'],
];
const partOfError = new Set(['DETAIL', 'HINT', 'CONTEXT', 'QUERY', 'STATEMENT', 'LOCATION', 'BACKTRACE']);

/** Reads the plain log that PostgreSQL writes to stderr, each line of which begins with `prefix`. */
export function createStderrReader(prefix: Prefix, onEntry: (entry: Entry) => void): LogReader {
  const { pattern, fields } = prefix;
  const group: Partial<Record<PrefixField, number>> = Object.fromEntries([...fields].map((field, index) => [field, index + 1]));
  let unfinished: Unfinished | undefined;
  let strangeLines = 0;

  const finish = (): void => {
    const { entry } = unfinished ?? {};
    unfinished = undefined;
    if (entry !== undefined) onEntry(entry);
  };

  /** Does the line go on with the error that its process has begun? With SQLSTATEs that can be told in any language. */
  const goesOn = ({ label, entry }: Unfinished, line: Line): boolean =>
    line.pid === entry.pid && line.label !== label && (fields.has('state') ? line.state === entry.state : partOfError.has(line.label));

  const take = (text: string, match: RegExpExecArray): void => {
    const field = (name: PrefixField): string => match[group[name] ?? -1] ?? '';
    const label = match[fields.size + 1] ?? '';
    const pid = Number(field('pid'));
    const state = fields.has('state') ? field('state') : (conflictWords.find(([beginning]) => text.startsWith(beginning))?.[1] ?? '');
    const line: Line = { pid, state, label, text };
    if (unfinished !== undefined && goesOn(unfinished, line)) {
      // What is no statement is the detail: it comes first, and the hint has no numbers that could be taken for its own.
      const isStatement = firstWord(text, 0) !== '';
      const { label: first, entry } = unfinished;
      const more = isStatement ? { statement: entry.statement || text } : { detail: entry.detail || text };
      unfinished = { label: first, entry: { ...entry, ...more } };
      return;
    }
    finish();
    // A part of an error whose beginning is cut off.
    if (partOfError.has(label)) return;
    const entry: Entry = {
      pid,
      atMs: fields.has('time') ? timeOf(field('time')) : Number(field('epoch')) * 1_000,
      application: field('application'),
      user: field('user'),
      vxid: field('vxid'),
      state,
      message: text,
      detail: '',
      statement: '',
    };
    if (conflictStates.has(state)) unfinished = { label, entry };
    else onEntry(entry);
  };

  return {
    get strangeLines() {
      return strangeLines;
    },
    clean: (text) => text.replaceAll('\n\t', '\n'),
    read(text, isEnd) {
      let at = 0;
      while (at < text.length) {
        const end = endOfEntry(text, at, isEnd);
        if (end === -1) return at;
        pattern.lastIndex = at;
        const match = pattern.exec(text);
        if (match === null) strangeLines += 1;
        else take(text.slice(pattern.lastIndex, text[end - 1] === '\n' ? end - 1 : end), match);
        at = end;
      }
      if (isEnd) finish();
      return at;
    },
  };
}

/** Behind the line and those that go on with it, which begin with a tab. -1: it may go on in what is still to come. */
function endOfEntry(text: string, from: number, isEnd: boolean): number {
  let at = from;
  do {
    at = text.indexOf('\n', at) + 1;
    if (at === 0 || (at === text.length && !isEnd)) return isEnd ? text.length : -1;
  } while (text[at] === '\t');
  return at;
}
