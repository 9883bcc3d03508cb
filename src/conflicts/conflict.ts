/** Why the database aborted a transaction because of another one. */
export type ConflictKind =
  /** No serial order of the transactions would give these results, or another one changed the same rows or files first. Of Prisma's `P2034` alone: this or a deadlock. */
  | 'serialization'
  /** Each waits for a lock of the other. */
  | 'deadlock'
  /** It waited for a lock of another one for as long as the server lets it. */
  | 'lock-timeout'
  /** Redshift's 1023, "Serializable isolation violation": the transactions form a cycle. */
  | 'cycle'
  /** Somebody changed a table, a view or a grant at the same moment. */
  | 'ddl'
  /** A table was replaced after this transaction's snapshot was taken: Redshift's 1018, a vanished OID. */
  | 'stale-snapshot';

export interface Conflict {
  readonly kind: ConflictKind;
  /** May the whole transaction, from its BEGIN, be run again after a short wait? */
  readonly retry: boolean;
  /** Must that be on another connection? This one may stay broken. */
  readonly newConnection: boolean;
  /** The SQLSTATE, or what the database has in its place (`ER_CHECKREAD`, `ORA-08177`, `SQLITE_BUSY`, 3960). Where the error has none, that of its row. */
  readonly code: string;
  readonly message: string;
  /** The table's id in the database (`pg_class.oid`), where the server tells. */
  readonly tableId?: string;
  /** Ids of the transactions concerned, where the server tells. */
  readonly transactions?: readonly string[];
  /** The server process of one of them, where the server tells. */
  readonly pid?: number;
}
