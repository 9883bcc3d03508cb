import type { TablesWritten } from './sql/index.ts';

const tablesOf = new WeakMap<object, Set<string>>();

/**
 * What `touched` says without the temporary tables of the session, made by this text or an earlier one: nobody else sees
 * them. They are known as long as the session lives, even if it drops them.
 */
export function withoutTemporary(session: object, touched: TablesWritten): TablesWritten {
  const made = touched.temporary ?? [];
  const known = tablesOf.get(session) ?? (made.length > 0 ? new Set<string>() : undefined);
  if (known === undefined) return touched;
  tablesOf.set(session, known);
  for (const table of made) known.add(table);
  const isShared = (table: string): boolean => !known.has(table);
  return { writes: touched.writes.filter(isShared), appends: touched.appends.filter(isShared), reads: touched.reads.filter(isShared) };
}
