import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type CatalogRow, type Locked, lockedRelations } from './locks.ts';
import { identifiersIn } from './names-in.ts';

/** Finds out what a statement locks that commits by itself: it is made to wait for each table that it names. */
export interface Outside {
  watch<T>(
    pid: number,
    sql: string,
    run: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly locked: readonly Locked[]; readonly unseen: readonly Locked[] }>;
}

const lookEveryMs = 10;
/** A statement that waits for something else, as the end of our own transactions, gets its way after so long. */
const mostLooks = 300;

export function watchOutside(admin: Client, connectionString: string): Outside {
  const block = async (oid: string, schema: string, name: string): Promise<readonly [string, Client] | undefined> => {
    const client = new Client({ connectionString });
    client.on('error', () => {});
    await client.connect();
    try {
      await client.query(
        `begin; set local lock_timeout = 500; lock table only ${quote(schema)}.${quote(name)} in share update exclusive mode`,
      );
      return [oid, client];
    } catch {
      await client.end();
      return undefined; // no table, or somebody else has it
    }
  };
  return {
    async watch(pid, sql, run) {
      const names = [...identifiersIn(sql)];
      const { rows } = await admin.query<CatalogRow & unknown[]>({
        text: `select c.oid::text, nspname::text, relname::text, relkind::text, relpersistence::text, relispartition::text
          from pg_class c join pg_namespace n on n.oid = relnamespace
          where relkind in ('r', 'p', 'm', 'f', 'v') and nspname not in ('pg_catalog', 'information_schema') and relname = any ($1)`,
        values: [names],
        rowMode: 'array',
      });
      const blockers = new Map(
        (await Promise.all(rows.map(([oid, schema, name]) => block(oid, schema, name)))).filter((one) => one !== undefined),
      );
      const unwatched = rows.filter(([oid]) => !blockers.has(oid)).map(([oid]) => `${oid} not watched`);
      const locks = new Set<string>();
      let hasEnded = false;
      const ending = run().finally(() => {
        hasEnded = true;
      });
      for (let look = 0; !hasEnded && blockers.size > 0; look += 1) {
        const { rows: waits } = await admin.query<{ oid: string; mode: string }>(
          `select relation::text as oid, mode from pg_locks where pid = $1 and locktype = 'relation' and not granted`,
          [pid],
        );
        for (const { oid, mode } of waits) {
          locks.add(`${oid} ${mode}`);
          const blocker = blockers.get(oid);
          if (blocker === undefined) continue;
          blockers.delete(oid);
          look = 0;
          await blocker.end();
        }
        if (look > mostLooks) break;
        await sleep(lookEveryMs);
      }
      for (const client of blockers.values()) await client.end();
      return { result: await ending, locked: lockedRelations(locks, rows), unseen: lockedRelations(unwatched, rows) };
    },
  };
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
