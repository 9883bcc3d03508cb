import { inspect } from 'node:util';

/** `write` excludes everybody; `append` goes with `append`; `read` goes with `read`. */
export type Mode = 'write' | 'append' | 'read';

/** Do these two not go together? */
export function excludes(one: Mode, other: Mode): boolean {
  return one === 'write' || one !== other;
}

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
/** A message is a line, not a list: a record can name 256 holders and as many who wait. */
const holdersNamed = 5;
const waitingNamed = 3;

/** One holder in words: job, host, pid, mode, since when and until when at the latest. */
function describeHolder(holder: Holder): string {
  const end = holder.latestEnd === undefined ? '' : `, until ${holder.latestEnd.toISOString()} at the latest`;
  const place = holder.place === undefined ? '' : `, in line at place ${holder.place}`;
  const job = holder.job === undefined ? 'a job without a name' : printable(holder.job);
  const host = holder.host === '' ? 'an unknown host' : printable(holder.host);
  return `${job} on ${host} (pid ${holder.pid}, ${holder.mode}, since ${holder.since.toISOString()}${end}${place})`;
}

/** All that is known of who is in the way, in words that follow "is": the first of the holders, then of those who wait. */
export function describeHolders(holders: readonly Holder[]): string {
  const waiting = holders.filter(({ state }) => state === 'waiting');
  const holding = holders.filter(({ state }) => state !== 'waiting');
  const places = placesTaken(holding);
  const limit = places === undefined ? '' : ` (${places.taken} of ${places.limit})`;
  const held = holding.length === 0 && waiting.length > 0 ? '' : `held by ${firstOf(holding, holdersNamed) || 'somebody unknown'}${limit}`;
  const line = waiting.length === 0 ? '' : `waited for by ${firstOf(waiting, waitingNamed)}`;
  return [held, line].filter((part) => part !== '').join('; ');
}

/** How many hold a table of those that its `limits` allow: `3 of 4`. `undefined`: it has none. The smallest limit counts. */
export function placesTaken(
  holding: readonly { readonly limit?: number | undefined }[],
): { readonly taken: number; readonly limit: number } | undefined {
  const limits = holding.flatMap(({ limit }) => (limit === undefined ? [] : [limit]));
  return limits.length === 0 ? undefined : { taken: holding.length, limit: Math.min(...limits) };
}

/** What others wrote, fit for a message: one line, nothing that moves a cursor or turns the reading direction, no longer than a name is. */
export function printable(text: string): string {
  const cut = text.length > longestForeignName ? `${text.slice(0, longestForeignName - 1).toWellFormed()}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

function firstOf(holders: readonly Holder[], count: number): string {
  const more = holders.length > count ? ` and ${holders.length - count} more` : '';
  return holders.slice(0, count).map(describeHolder).join('; ') + more;
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
