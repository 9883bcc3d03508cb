import type { Clock } from '../../lock/clock.ts';

/** The part of a `Pool` of `pg` that is used. */
export interface JournalPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  on?(event: 'error', listener: (error: Error) => void): unknown;
  off?(event: 'error', listener: (error: Error) => void): unknown;
}

const answerWithinMs = 30_000;

/**
 * The pool's `query`, given up after half a minute: where the other end vanished without a word, the connection itself notices after
 * a quarter of an hour. The statement may have taken effect, or still do so.
 */
export function impatientQuery(pool: JournalPool, clock: Clock): JournalPool['query'] {
  return async (text, values) => {
    let timer: Disposable | undefined;
    const silence = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new Error(`The database of the journal did not answer within ${answerWithinMs} ms`));
      timer = clock.setTimer(giveUp, answerWithinMs, false);
    });
    try {
      return await Promise.race([pool.query(text, values), silence]);
    } finally {
      timer?.[Symbol.dispose]();
    }
  };
}
