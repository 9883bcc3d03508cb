/** The part of a pool of `mysql2/promise` that giveway uses. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
}

/** A connection on loan from a pool. */
export interface MysqlConnection {
  /** Resolves with rows, or with a `Header`, and with what else the package tells. */
  execute(options: {
    readonly sql: string;
    readonly values: unknown[];
    readonly rowsAsArray: false;
    readonly nestTables: false;
  }): Promise<[unknown, unknown]>;
  /** Back to the pool. */
  release(): void;
  /** Thrown away. */
  destroy(): void;
}

/** What the server says of a statement that gives no rows. */
export interface Header {
  readonly affectedRows: number;
  /** Of `last_insert_id(…)`; 0: it was not come to. */
  readonly insertId: number | string;
  readonly serverStatus: number;
}

export type MysqlRow = Readonly<Record<string, unknown>>;
