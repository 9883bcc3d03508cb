import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { GivewayError } from '../lock/errors.ts';
import type { Mode } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { covers, modeIn } from '../lock/plan/scope.ts';
import type { Session } from './session.ts';
import type { TablesWritten } from './sql/index.ts';
import { shownSql } from './sql/shown.ts';

/** What a write outside the held scope is: nothing, the event `late-lock`, or an error before the statement is sent. */
export type Audit = 'off' | 'warn' | 'throw';

/** Tables that a statement writes and that `scopeFor` does not hold in the mode it needs. */
export function uncovered(
  { writes, appends }: TablesWritten,
  defaultSchema: string,
  scopeFor: (table: string) => ResolvedScope | undefined,
): readonly string[] {
  const lacks = (mode: Mode) => (table: string) => {
    const scope = scopeFor(table);
    const held = scope && modeIn(scope, table, defaultSchema);
    return held === undefined || !covers(held, mode);
  };
  return [...writes.filter(lacks('write')), ...appends.filter(lacks('append'))];
}

/** Judges texts against what a lock holds. One that cannot be read passes. */
export type Auditor = (sql: string, session: Session) => void;

export function createAuditor(locker: ResourceLocker, lock: Lock, audit: Audit): Auditor {
  if (audit === 'off') return () => {};
  return (sql, session) => {
    const touched = session.touchedBy(sql);
    const tables = touched === undefined ? [] : uncovered(touched, locker.defaultSchema, () => lock.scope);
    if (tables.length === 0) return;
    if (audit === 'throw') {
      throw new GivewayError(
        'ERR_GIVEWAY_UNLOCKED_WRITE',
        `The statement writes ${tables.map((table) => `"${table}"`).join(', ')}, which the transaction's scope does not hold for writing. Add ${tables.length === 1 ? 'it' : 'them'} to the scope. Nothing was sent: ${shownSql(sql)}`,
      );
    }
    locker.announce('late-lock', () => ({ sql, tables, job: lock.job }));
  };
}
