import { type Entry, type LogReader, timeOf } from './entry.ts';

/** Columns of `log_destination = csvlog`, PostgreSQL 9.0 to 18; later ones stand behind these. */
const column = { time: 0, user: 1, pid: 3, vxid: 9, state: 12, message: 13, detail: 14, statement: 19, application: 22 } as const;
const fewestColumns = 23;
// With room for columns to come.
const mostColumns = 40;

// An entry with a quote that never ends would swallow the rest of the log; longer statements than this are rare.
const longestEntry = 8 << 20;

/** Reads csvlog. Lines in which no entry begins are skipped, as where a log was cut. */
export function createCsvReader(onEntry: (entry: Entry) => void): LogReader {
  const starts = new Int32Array(mostColumns);
  const ends = new Int32Array(mostColumns);
  let record = '';
  let strangeLines = 0;
  const field = (index: number): string => record.slice(starts[index], ends[index]);

  /** The record that was found last. Most fields of most records are never asked for. */
  const entry: Entry = {
    get pid() {
      return Number(field(column.pid));
    },
    get atMs() {
      return timeOf(field(column.time));
    },
    get application() {
      return field(column.application);
    },
    get user() {
      return field(column.user);
    },
    get vxid() {
      return field(column.vxid);
    },
    get state() {
      return field(column.state);
    },
    get message() {
      return field(column.message);
    },
    get detail() {
      return field(column.detail);
    },
    get statement() {
      return field(column.statement);
    },
  };

  /** The start of the next line behind `from`, or -1. */
  const nextLine = (text: string, from: number): number => text.indexOf('\n', from) + 1 || -1;

  return {
    get strangeLines() {
      return strangeLines;
    },
    clean: (text) => text.replaceAll('""', '"'),
    read(text, isEnd) {
      let at = 0;
      while (at < text.length) {
        const end = fieldsAt(text, at, starts, ends);
        if (end === incomplete && !isEnd && text.length - at < longestEntry) return at;
        if (end > 0) {
          record = text;
          onEntry(entry);
          at = end;
          continue;
        }
        strangeLines += 1;
        at = nextLine(text, at);
        if (at === -1) return text.length;
      }
      return at;
    },
  };
}

const incomplete = -1;
const strange = -2;

/** Finds the fields of the record at `from`, and gives where the next one begins. */
function fieldsAt(text: string, from: number, starts: Int32Array, ends: Int32Array): number {
  if (text.length - from < shortestTime) return incomplete;
  if (!isTimeAt(text, from)) return text.indexOf('\n', from) === -1 ? incomplete : strange;
  let count = 0;
  for (let at = from; ; at += 1) {
    let end = at;
    if (text.charCodeAt(at) === quote) {
      end = closingQuote(text, at + 1);
      if (end === -1) return incomplete;
      starts[count] = at + 1;
      ends[count] = end;
      end += 1;
    } else {
      while (end < text.length && text.charCodeAt(end) !== comma && text.charCodeAt(end) !== newline) end += 1;
      starts[count] = at;
      ends[count] = end;
    }
    count += 1;
    if (end >= text.length) return incomplete;
    const code = text.charCodeAt(end);
    if (code === newline) return count >= fewestColumns && isState(starts, ends) ? end + 1 : strange;
    if (code !== comma || count === mostColumns) return strange;
    at = end;
  }
}

const quote = 34;
const comma = 44;
const newline = 10;

const shortestTime = '2026-01-31 23:59:59'.length;

function isTimeAt(text: string, at: number): boolean {
  return text[at + 4] === '-' && text[at + 7] === '-' && text[at + 10] === ' ' && text[at + 13] === ':' && text[at + 16] === ':';
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text.charCodeAt(at + 1) === quote) at = text.indexOf('"', at + 2);
  return at;
}

function isState(starts: Int32Array, ends: Int32Array): boolean {
  return (ends[column.state] ?? 0) - (starts[column.state] ?? 0) === 5;
}
