import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { orAborted } from '../or-aborted.ts';

/** What became of a transaction whose COMMIT was never answered. */
type CommitFate = 'committed' | 'aborted' | 'unknown';

/** How long the database is asked. A server that restarts needs a moment. */
const askForMs = 5_000;
const betweenMs = 100;
/** How long a COMMIT that arrived may take before its session, which nobody listens to, is ended. */
const inProgressMs = 1_000;

/** Remembers transactions so that their fate can be asked for. Redshift, and PostgreSQL before 13, cannot be asked. */
export interface CommitWitness {
  /** The id of the client's transaction, as text. `undefined`: this database does not tell. */
  note(client: PoolClient): Promise<string | undefined>;
  /** Never rejects, and ends in bounded time. */
  fateOf(transactionId: string | undefined): Promise<CommitFate>;
}

export function createCommitWitness(pool: Pool): CommitWitness {
  let tells: boolean | undefined;
  return {
    async note(client) {
      tells ??= canTell((await client.query<{ version: string }>('select version()')).rows[0]?.version);
      if (!tells) return undefined;
      const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
      return rows[0]?.id;
    },
    async fateOf(transactionId) {
      if (transactionId === undefined) return 'unknown';
      const signal = AbortSignal.timeout(askForMs);
      return orAborted(ask(pool, transactionId, signal), signal).catch(() => 'unknown');
    },
  };
}

/** Redshift says that it is PostgreSQL 8.0.2. */
function canTell(version: string | undefined): boolean {
  return Number(/^PostgreSQL (\d+)/.exec(version ?? '')?.[1]) >= 13;
}

async function ask(pool: Pool, transactionId: string, signal: AbortSignal): Promise<CommitFate> {
  const startMs = performance.now();
  while (!signal.aborted) {
    const status = await statusOf(pool, transactionId).catch(() => undefined);
    if (status === 'committed' || status === 'aborted') return status;
    // A COMMIT that never arrived leaves its session open for as long as the server believes in the connection.
    if (status === 'in progress' && performance.now() - startMs > inProgressMs) await endSession(pool, transactionId).catch(() => {});
    await sleep(betweenMs);
  }
  return 'unknown';
}

async function statusOf(pool: Pool, transactionId: string): Promise<string | null | undefined> {
  const { rows } = await pool.query<{ status: string | null }>('select pg_xact_status($1::text::xid8) as status', [transactionId]);
  return rows[0]?.status;
}

async function endSession(pool: Pool, transactionId: string): Promise<void> {
  await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where backend_xid = $1::text::xid8::xid', [transactionId]);
}
