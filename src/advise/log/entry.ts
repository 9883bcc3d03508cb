/**
 * One entry of a PostgreSQL log, as all formats have it. What a format leaves out is empty. The texts are the file's bytes,
 * one a character (latin1), as that is quick to cut and right whatever the file's encoding is. It may be another one as soon
 * as whoever was told of it returns: nobody keeps it.
 */
export interface Entry {
  /** The server process. */
  readonly pid: number;
  /** By the log's own wall clock, whatever its zone is; NaN where the log has no times. */
  readonly atMs: number;
  readonly application: string;
  readonly user: string;
  /** The virtual transaction id, `3/15`: one for each transaction of a session. */
  readonly vxid: string;
  /** The SQLSTATE. */
  readonly state: string;
  readonly message: string;
  readonly detail: string;
  /** What an error was raised in. */
  readonly statement: string;
}

/** Cuts text into entries. Told piece by piece. */
export interface LogReader {
  /** Reads what is whole, and gives back where the rest begins. With `isEnd` there is no more to come. */
  read(text: string, isEnd: boolean): number;
  /** How many lines were no log's. */
  readonly strangeLines: number;
  /** A text of an entry as it was before it was written into the log; still bytes. */
  clean(text: string): string;
}

/** The time that a log's timestamp shows (`2026-11-28 18:15:57.123 UTC`), taken as UTC: only differences are of use. */
export function timeOf(text: string): number {
  const number = (from: number, to: number): number => {
    let value = 0;
    for (let at = from; at < to; at += 1) value = value * 10 + text.charCodeAt(at) - 48;
    return value;
  };
  if (text.length < 19) return Number.NaN;
  const ms = text[19] === '.' ? number(20, 23) : 0;
  return Date.UTC(number(0, 4), number(5, 7) - 1, number(8, 10), number(11, 13), number(14, 16), number(17, 19), ms);
}

/** Bytes, one a character, as the text they are. A copy: it keeps no larger text alive. */
export function asText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
