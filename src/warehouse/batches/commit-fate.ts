import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

/** What became of a transaction whose COMMIT was never answered. */
export type CommitFate = 'committed' | 'aborted' | 'unknown';

/** How long the database is asked. A server that restarts needs a moment. */
const askForMs = 5_000;
const betweenMs = 100;

/** Remembers transactions so that their fate can be asked for. Redshift cannot be asked. */
export interface CommitWitness {
  /** The id of the client's transaction, as text. `undefined`: this database does not tell. */
  note(client: PoolClient): Promise<string | undefined>;
  fateOf(transactionId: string | undefined): Promise<CommitFate>;
}

export function createCommitWitness(pool: Pool): CommitWitness {
  let tells: Promise<boolean> | undefined;
  const canTell = (): Promise<boolean> => {
    tells ??= pool.query<{ version: string }>('select version()').then(({ rows }) => !/redshift/i.test(rows[0]?.version ?? ''));
    tells.catch(() => {
      tells = undefined;
    });
    return tells;
  };
  return {
    async note(client) {
      if (!(await canTell().catch(() => false))) return undefined;
      const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
      return rows[0]?.id;
    },
    async fateOf(transactionId) {
      if (transactionId === undefined) return 'unknown';
      for (const end = Date.now() + askForMs; Date.now() < end; await sleep(betweenMs)) {
        const status = await pool.query<{ status: string | null }>('select pg_xact_status($1::text::xid8) as status', [transactionId]).then(
          ({ rows }) => rows[0]?.status,
          () => undefined,
        );
        if (status === 'committed' || status === 'aborted') return status;
      }
      return 'unknown';
    },
  };
}
