import type { PoolClient } from 'pg';
import { forgetPrepared, notePrepared, textOf, withPrepared } from './prepared-statements.ts';
import type { SqlReader, TablesWritten } from './sql/index.ts';
import { TemporaryTables } from './temporary-tables.ts';

/** What earlier statements of a connection mean for later ones, from its checkout to its release. */
export interface Session {
  /** The text of what is given to `query`, also of a statement that was prepared before and comes by its name alone. */
  textOf(statement: unknown): string | undefined;
  /**
   * What a text that is sent now touches, without the session's temporary tables: nobody else sees them. `undefined`: it cannot
   * be told.
   */
  touchedBy(sql: string): TablesWritten | undefined;
  /** The text was refused: what it was to make is not there. */
  failed(sql: string): void;
}

/** `isInside`: a transaction is under way. `sender`: a pool's client, or the pool, of which any client may be taken. */
export function createSession(reader: SqlReader, sender: object, isInside = false): Session {
  const { getTransactionStatus } = sender as Partial<PoolClient>;
  const temporary = new TemporaryTables(reader, isInside, () => getTransactionStatus?.call(sender) === 'E');
  return {
    textOf: (statement) => textOf(statement, sender),
    touchedBy(sql) {
      notePrepared(sql, sender);
      const whole = reader.tablesWritten(sql) === undefined ? withPrepared(sql, sender) : undefined;
      // Behind what makes them, names without a schema mean temporary tables, and names with one the tables of all.
      const touched = reader.tablesWritten(temporary.asMade() + (whole ?? sql));
      temporary.take(sql, touched?.temporary ?? []);
      return touched;
    },
    failed(sql) {
      forgetPrepared(sql, sender);
      temporary.refused(reader.tablesWritten(sql)?.temporary ?? []);
    },
  };
}
