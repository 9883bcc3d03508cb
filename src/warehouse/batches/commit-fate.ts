import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { orAborted } from '../or-aborted.ts';
import type { Database } from './database.ts';

/** What became of a transaction whose COMMIT was never answered. */
type CommitFate = 'committed' | 'aborted' | 'unknown';

/** How long the database is asked. A server that restarts needs a moment. */
const askForMs = 5_000;
const betweenMs = 100;
/** How long a COMMIT that arrived may take before its session, which nobody listens to, is ended. */
const inProgressMs = 1_000;

/** A transaction, and the server that knows it by this number. */
export interface NotedTransaction {
  readonly id: string;
  readonly startedAt: string;
}

/** Remembers transactions so that their fate can be asked for. Redshift, and PostgreSQL before 13, cannot be asked. */
export interface CommitWitness {
  /** The client's transaction. `undefined`: this database does not tell. */
  note(client: PoolClient): Promise<NotedTransaction | undefined>;
  /** Never rejects, and ends in bounded time. */
  fateOf(noted: NotedTransaction | undefined): Promise<CommitFate>;
}

export function createCommitWitness(pool: Pool, database: Database): CommitWitness {
  return {
    async note(client) {
      if (!(await database.tellsFates(client))) return undefined;
      const { rows } = await client.query<NotedTransaction>(`select pg_current_xact_id()::text as id, ${serverStart} as "startedAt"`);
      return rows[0];
    },
    async fateOf(noted) {
      if (noted === undefined) return 'unknown';
      const signal = AbortSignal.timeout(askForMs);
      return orAborted(ask(pool, noted, signal), signal).catch(() => 'unknown');
    },
  };
}

async function ask(pool: Pool, noted: NotedTransaction, signal: AbortSignal): Promise<CommitFate> {
  const startMs = performance.now();
  while (!signal.aborted) {
    const status = await statusOf(pool, noted).catch(() => undefined);
    if (status === 'committed' || status === 'aborted') return status;
    if (status === 'restarted') return 'unknown';
    // A COMMIT that never arrived leaves its session open for as long as the server believes in the connection.
    if (status === 'in progress' && performance.now() - startMs > inProgressMs) await endSession(pool, noted).catch(() => {});
    await sleep(betweenMs);
  }
  return 'unknown';
}

// A server that crashed may give the number of a transaction it forgot to another one; so may the one that takes its place.
const serverStart = 'extract(epoch from pg_postmaster_start_time())::text';

async function statusOf(pool: Pool, { id, startedAt }: NotedTransaction): Promise<string | null | undefined> {
  const { rows } = await pool.query<{ status: string | null }>(
    `select case when ${serverStart} = $2 then pg_xact_status($1::text::xid8) else 'restarted' end as status`,
    [id, startedAt],
  );
  return rows[0]?.status;
}

async function endSession(pool: Pool, { id }: NotedTransaction): Promise<void> {
  await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where backend_xid = $1::text::xid8::xid', [id]);
}
