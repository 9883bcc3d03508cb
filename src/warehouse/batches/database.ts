import type { PoolClient } from 'pg';
import type { Dialect } from '../../lock/plan/identifiers.ts';

/** The most that one statement may carry. */
export interface StatementLimits {
  readonly parameters: number;
  /** Of its text and its values together. */
  readonly bytes: number;
}

const limits: Readonly<Record<Dialect, StatementLimits>> = {
  // The protocol counts parameters in 16 bits; the server's longest message is 1 GiB less a byte.
  postgres: { parameters: 65_535, bytes: 1_073_741_823 },
  // Redshift counts with a sign, and takes statements of up to 16 MB.
  redshift: { parameters: 32_767, bytes: 16_000_000 },
};

/** What the database is, as was declared or as it says itself. It is asked once. */
export interface Database {
  isRedshift(client: PoolClient): Promise<boolean>;
  limits(client: PoolClient): Promise<StatementLimits>;
  /** Can it be asked what became of a transaction (`pg_xact_status`)? PostgreSQL 13 and later can. */
  tellsFates(client: PoolClient): Promise<boolean>;
}

export function createDatabase(declared?: Dialect): Database {
  let version: string | undefined;
  const ask = async (client: PoolClient): Promise<string> => {
    version ??= (await client.query<{ version: string }>('select version()')).rows[0]?.version ?? '';
    return version;
  };
  const isRedshift = async (client: PoolClient): Promise<boolean> =>
    declared === undefined ? /\bredshift\b/i.test(await ask(client)) : declared === 'redshift';
  return {
    isRedshift,
    limits: async (client) => limits[(await isRedshift(client)) ? 'redshift' : 'postgres'],
    // Redshift says that it is PostgreSQL 8.0.2.
    tellsFates: async (client) => declared !== 'redshift' && Number(/^PostgreSQL (\d+)/.exec(await ask(client))?.[1]) >= 13,
  };
}
