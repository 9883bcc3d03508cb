import { sqlStateOf } from './sql-state.ts';

/** By which statement a transaction failed, when its work goes on. */
export interface Failure {
  /** The last that the server said of a statement, other than that the transaction has failed before. */
  readonly error: Error | undefined;
  /** A statement failed. Where the server says no more than that an earlier one did, that one's error becomes the `cause`. */
  failed(error: unknown): void;
}

/** What the server says to every statement of a transaction that has failed. */
const failedBefore = '25P02';

export function watchFailure(): Failure {
  let first: Error | undefined;
  return {
    get error() {
      return first;
    },
    failed(error) {
      const code = sqlStateOf(error);
      if (code === failedBefore) (error as Error).cause ??= first;
      else if (code !== undefined) first = error as Error;
    },
  };
}
