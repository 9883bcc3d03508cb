import type { PoolClient } from 'pg';
import { resultOf } from '../conflicts/result.ts';
import { runUnderLock } from '../conflicts/under-lock.ts';
import { UnknownResourceError } from '../lock/errors.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { uncovered } from './audit.ts';
import { createDoubtNotices } from './doubt-notices.ts';
import { listed, refuseNested, type Surrounding } from './nested.ts';
import type { Session } from './session.ts';
import { createTextCache } from './sql/cache.ts';
import type { TablesWritten } from './sql/index.ts';
import { shownSql } from './sql/shown.ts';
import type { TransactionContext } from './transaction.ts';
import { mayCommitWithin } from './transaction-state.ts';

/** How a guard deals with statements. */
export interface Guard {
  /** What a text that writes touches; `undefined` for what only reads, and for what cannot be read. */
  writeOf(sql: string, session: Session): TablesWritten | undefined;
  /** Sends one statement that commits by itself, under the lock of what it touches; again after a conflict, if nothing of it can be in. */
  underLock(touched: TablesWritten, sql: string, send: () => unknown): Promise<unknown>;
  /** The transaction of the same warehouse around a statement that writes. Throws where it does not join that one, or cannot. */
  around(touched: TablesWritten, mayJoin: boolean): Surrounding | undefined;
  /** Sends it in that transaction. */
  join(outer: Surrounding, touched: TablesWritten, send: (client: PoolClient) => unknown): Promise<unknown>;
  /** Reports tables that are written without a lock older than `snapshotMs`; each once in a `told`. */
  reportLate(touched: TablesWritten, sql: string, snapshotMs: number, told: Set<string>): void;
}

export function createGuard(context: TransactionContext): Guard {
  const { locker, open } = context;
  const { isolation: _isolation, audit: _audit, onLost: _onLost, nested = 'refuse', conflictRetry, ...runOptions } = context.defaults;
  /** Tables that are only read and that nobody lists: no writer of theirs takes a lock. */
  const unlisted = new Set<string>();
  const tellDoubts = createDoubtNotices(locker, context.reader);
  const toldUnread = createTextCache<true>(500, Number.POSITIVE_INFINITY);

  const tellUnread = (sql: string): true => {
    const message = `It cannot be told what this statement writes, so no lock was taken for it. A comment in it would tell, "giveway: writes=…" or "giveway: none": ${shownSql(sql)}`;
    locker.announce('notice', () => ({ code: 'ERR_GIVEWAY_UNREAD_SQL', message }));
    return true;
  };

  return {
    writeOf(sql, session) {
      const touched = session.touchedBy(sql);
      if (touched === undefined) {
        toldUnread.get(sql, () => tellUnread(sql));
        return undefined;
      }
      tellDoubts(sql);
      return touched.writes.length + touched.appends.length > 0 ? touched : undefined;
    },

    async underLock({ writes, appends, reads }, sql, send) {
      const retry = mayCommitWithin(sql) ? { maxRetries: 0 } : conflictRetry;
      for (;;) {
        const scope = { writes, appends, reads: reads.filter((table) => !unlisted.has(table)) };
        try {
          const how = { ...runOptions, conflictRetry: retry, stopsWhenLost: true };
          return resultOf(await runUnderLock(locker, scope, how, async () => send()), runOptions.signal);
        } catch (error) {
          if (!(error instanceof UnknownResourceError) || !scope.reads.includes(error.resource)) throw error;
          unlisted.add(error.resource);
        }
      }
    },

    around({ writes, appends }, mayJoin) {
      const around = open.around();
      if (around !== undefined && !(mayJoin && nested === 'savepoint'))
        throw refuseNested(`A guarded write of ${listed([...writes, ...appends])}`);
      return around;
    },

    join: async (outer, { writes, appends }, send) =>
      resultOf(await open.join(outer, { writes, appends }, async (client) => send(client)), undefined),

    reportLate(touched, sql, snapshotMs, told) {
      const scopeInTime = (table: string): ResolvedScope | undefined => {
        const lock = locker.current(table);
        return lock !== undefined && lock.acquiredAt.getTime() <= snapshotMs ? lock.scope : undefined;
      };
      const tables = uncovered(touched, locker.defaultSchema, scopeInTime).filter((table) => !told.has(table));
      for (const table of tables) told.add(table);
      if (tables.length > 0) locker.announce('late-lock', () => ({ sql, tables, job: locker.current()?.job ?? runOptions.job }));
    },
  };
}

/** Gives what `work` comes to in the way the caller of `query` wants it: to a callback, or as a promise. */
export function answer(args: readonly unknown[], work: (rest: readonly unknown[]) => Promise<unknown>): unknown {
  const callback = args.at(-1);
  if (typeof callback !== 'function') return work(args);
  // Not from inside the promise: what the callback throws is the process's business, as with pg.
  work(args.slice(0, -1)).then(
    (result) => process.nextTick(callback as (error: unknown, result: unknown) => void, undefined, result),
    (error: unknown) => process.nextTick(callback as (error: unknown) => void, error),
  );
  return undefined;
}
