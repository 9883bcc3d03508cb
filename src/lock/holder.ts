import { inspect } from 'node:util';

/** `write` excludes everybody; `append` goes with `append`; `read` goes with `read`. */
export type Mode = 'write' | 'append' | 'read';

/** Who holds a resource or waits for it, as told to people and programs. */
export interface Holder {
  readonly resource: string;
  readonly mode: Mode;
  /** A secret: `console.log` leaves it out, JSON does not. */
  readonly token: string;
  readonly job?: string;
  readonly host: string;
  readonly pid: number;
  readonly since: Date;
  readonly latestEnd?: Date;
  readonly state: 'holding' | 'min-hold' | 'waiting';
  /** Of one that waits: its place in line, from 1. */
  readonly place?: number;
  /** How many of the places that `limit` allows it takes. Only where the table has `limits`. */
  readonly seats?: number;
  /** How many may hold the table in this mode at once in the whole fleet. */
  readonly limit?: number;
}

const longestForeignName = 200;

/** One holder in words: job, host, pid, mode, since when and until when at the latest. */
export function describeHolder(holder: Holder): string {
  const end = holder.latestEnd === undefined ? '' : `, until ${holder.latestEnd.toISOString()} at the latest`;
  const place = holder.place === undefined ? '' : `, in line at place ${holder.place}`;
  const job = holder.job === undefined ? 'a job without a name' : printable(holder.job);
  return `${job} on ${printable(holder.host)} (pid ${holder.pid}, ${holder.mode}, since ${holder.since.toISOString()}${end}${place})`;
}

/** What others wrote, fit for a message: one line, no control characters, no longer than a name is. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '�');
  return plain.length > longestForeignName ? `${plain.slice(0, longestForeignName)}…` : plain;
}

/** Lets `console.log` show a holder without its token. Not enumerable: a holder stays a plain object that is copied and compared by its fields. */
export function hideToken(holder: Holder): Holder {
  return Object.defineProperty(holder, inspect.custom, printedWithoutToken);
}

const printedWithoutToken: PropertyDescriptor = {
  value(this: Holder): object {
    const { token: _, ...shown } = this;
    return shown;
  },
};
