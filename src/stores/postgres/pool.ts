/** The part of a `Pool` of `pg` that giveway uses. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
}

/** A connection that can be asked. */
export interface PgClient {
  query(query: PgQuery): Promise<{ readonly rows: readonly PgRow[] }>;
}

/** A connection on loan from a pool. */
export interface PgPoolClient extends PgClient {
  /** Back to the pool; with an error, the connection is thrown away. */
  release(error?: Error): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** Without a name, so that nothing is prepared on a connection that PgBouncer may give to somebody else. */
export interface PgQuery {
  readonly text: string;
  readonly values?: unknown[];
}

export type PgRow = Readonly<Record<string, unknown>>;
