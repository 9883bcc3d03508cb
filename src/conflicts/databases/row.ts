import type { ConflictKind } from '../conflict.ts';
import type { Numbering, ServerError } from '../error-chain.ts';

/** One error by which databases say that a transaction was aborted because of another one. */
export interface Row {
  /** Who has it. */
  readonly databases: readonly string[];
  /** How the database names it: its code, else the words by which it is known. */
  readonly error: string;
  readonly kind: ConflictKind;
  /** Can running the whole transaction again help? Default true. */
  readonly retry?: false;
  /** Only on another connection? */
  readonly newConnection?: true;
  /** The code of a conflict whose error has none. Default `error`. */
  readonly code?: string;
  readonly matches: (error: ServerError) => boolean;
  /** Where it is written down. */
  readonly source: string;
}

type Match = Row['matches'];

/** By SQLSTATE. */
export const stateIs =
  (wanted: string): Match =>
  ({ code, state }) =>
    code === wanted || state === wanted;

/** By the database's number, or the name that clients have for it. */
export const numberIs =
  (of: Numbering, wanted: number, name?: string): Match =>
  ({ number, code }) =>
    (number?.of === of && number.is === wanted) || (name !== undefined && code === name);

/** By words of its message. */
export const says =
  (words: RegExp): Match =>
  ({ text }) =>
    words.test(text);

/** By what the client calls it. */
export const sortIs =
  (...wanted: readonly string[]): Match =>
  ({ sorts }) =>
    sorts.some((sort) => wanted.includes(sort));

export const oneOf =
  (...matches: readonly Match[]): Match =>
  (error) =>
    matches.some((match) => match(error));
