import { type Entry, type LogReader, timeOf } from './entry.ts';

/** What is read of an entry of `log_destination = jsonlog` (PostgreSQL 15 and later). Keys without a value are left out. */
interface JsonEntry {
  readonly timestamp: string;
  readonly pid: number;
  readonly application_name?: string;
  readonly user?: string;
  readonly vxid?: string;
  readonly state_code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly statement?: string;
}

/** Reads jsonlog: one object a line. */
export function createJsonReader(onEntry: (entry: Entry) => void): LogReader {
  let strangeLines = 0;
  const take = (line: string): void => {
    if (line.trim() === '') return;
    const entry = parse(line);
    if (entry === undefined) strangeLines += 1;
    else onEntry(entry);
  };
  return {
    get strangeLines() {
      return strangeLines;
    },
    clean: (text) => text,
    read(text, isEnd) {
      let at = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
        take(text.slice(at, end));
        at = end + 1;
      }
      if (!isEnd) return at;
      take(text.slice(at));
      return text.length;
    },
  };
}

/** `undefined` for what PostgreSQL does not write, whatever it is. */
function parse(line: string): Entry | undefined {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonEntry(read)) return undefined;
  const { timestamp, pid, application_name = '', user = '', vxid = '', state_code = '', message = '', detail = '', statement = '' } = read;
  return { pid, atMs: timeOf(timestamp), application: application_name, user, vxid, state: state_code, message, detail, statement };
}

const texts = ['application_name', 'user', 'vxid', 'state_code', 'message', 'detail', 'statement'] as const;

function isJsonEntry(read: unknown): read is JsonEntry {
  if (typeof read !== 'object' || read === null) return false;
  const fields: Partial<Record<string, unknown>> = { ...read };
  const isText = (name: string): boolean => typeof fields[name] === 'string';
  return isText('timestamp') && typeof fields.pid === 'number' && texts.every((name) => fields[name] === undefined || isText(name));
}
