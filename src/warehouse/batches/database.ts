import type { PoolClient } from 'pg';

/** What the database is, as it says itself. It is asked once. */
export interface Database {
  isRedshift(client: PoolClient): Promise<boolean>;
  /** Can it be asked what became of a transaction (`pg_xact_status`)? PostgreSQL 13 and later can. */
  tellsFates(client: PoolClient): Promise<boolean>;
}

export function createDatabase(): Database {
  let version: string | undefined;
  const ask = async (client: PoolClient): Promise<string> => {
    version ??= (await client.query<{ version: string }>('select version()')).rows[0]?.version ?? '';
    return version;
  };
  return {
    isRedshift: async (client) => /\bredshift\b/i.test(await ask(client)),
    // Redshift says that it is PostgreSQL 8.0.2.
    tellsFates: async (client) => Number(/^PostgreSQL (\d+)/.exec(await ask(client))?.[1]) >= 13,
  };
}
