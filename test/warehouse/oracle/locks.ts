import type { Client } from 'pg';

/** A relation that a statement locked, by the names it has and had. */
export interface Locked {
  readonly oid: string;
  /** `schema.name`, more than one where it was renamed or moved. */
  readonly names: readonly string[];
  readonly kind: string;
  readonly isTemporary: boolean;
  readonly isPartition: boolean;
  readonly modes: readonly string[];
}

/** A relation as the catalogue has it: oid, schema, name, relkind, relpersistence, relispartition. */
export type CatalogRow = readonly [oid: string, schema: string, name: string, kind: string, persistence: string, isPartition: string];

/** The locks of one backend on relations that no plain reader takes: `oid mode`. */
export async function locksOf(admin: Client, pid: number): Promise<ReadonlySet<string>> {
  const { rows } = await admin.query<{ lock: string }>({
    name: 'locks',
    text: `select relation::text || ' ' || mode as lock from pg_locks
     where pid = $1 and locktype = 'relation' and granted and mode not in ('AccessShareLock', 'SIReadLock')
       and database = (select oid from pg_database where datname = current_database())`,
    values: [pid],
  });
  return new Set(rows.map(({ lock }) => lock));
}

/** What the catalogue says of these relations; to be run by anybody who sees them. */
export function catalogQuery(oids: readonly string[]): string {
  return `select c.oid::text, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, c.relispartition::text
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid in (${oids.join(', ')})`;
}

export async function catalogRows(admin: Client, oids: readonly string[]): Promise<readonly CatalogRow[]> {
  if (oids.length === 0) return [];
  const { rows } = await admin.query<CatalogRow & unknown[]>({ text: catalogQuery(oids), rowMode: 'array' });
  return rows;
}

/** Puts together what the catalogue said before and after, for the locks that are new. */
export function lockedRelations(locks: Iterable<string>, known: readonly CatalogRow[]): readonly Locked[] {
  const modes = new Map<string, string[]>();
  for (const lock of locks) {
    const [oid = '', mode = ''] = lock.split(' ');
    modes.set(oid, [...(modes.get(oid) ?? []), mode]);
  }
  return [...modes].flatMap(([oid, found]) => {
    const rows = known.filter(([of]) => of === oid);
    const last = rows.at(-1);
    if (last === undefined) return [];
    const [, schema, , kind, persistence, isPartition] = last;
    const names = [...new Set(rows.map(([, inSchema, name]) => `${inSchema}.${name}`))];
    return [
      {
        oid,
        names,
        kind,
        isTemporary: persistence === 't' || schema.startsWith('pg_temp'),
        isPartition: isPartition === 'true',
        modes: found,
      },
    ];
  });
}
