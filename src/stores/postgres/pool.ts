/** The part of a `Pool` of `pg` that giveway uses. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
}

/** A connection that can be asked. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
}

export interface PgResult {
  readonly rows: readonly PgRow[];
  /** What was done, in the server's word, which is not always what was asked: a `commit` can end in a `ROLLBACK`. */
  readonly command?: string;
}

/** A connection on loan from a pool. */
export interface PgPoolClient extends PgClient {
  /** Of the server's process, as it was greeted with. */
  readonly processID?: number | null;
  /** `I`: in no transaction. Older clients of `pg` cannot tell. */
  getTransactionStatus?(): string | null;
  /** Back to the pool; with an error, or `true`, the connection is thrown away. */
  release(error?: Error | boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

export interface PgQuery {
  /** Prepares the statement on its connection, which must be ours alone: what a pooler lends may be somebody else's next time. */
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

export type PgRow = Readonly<Record<string, unknown>>;
