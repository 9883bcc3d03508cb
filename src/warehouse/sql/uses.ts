import type { Mode } from '../../lock/holder.ts';
import { storedIdentifier } from '../../lock/plan/identifiers.ts';
import type { NameRules } from '../../lock/plan/names.ts';
import { isReadOnlyFunction } from './functions.ts';
import { qualifiedName } from './names.ts';

/** Which tables a text touches, and how. Each name is in one list only; each list is sorted. */
export interface TablesWritten {
  /** Tables whose rows, shape or storage change: `UPDATE`, `DELETE`, `MERGE`, `TRUNCATE`, DDL, `VACUUM`, `ANALYZE`; also read *and* inserted into. */
  readonly writes: readonly string[];
  /** Tables that only gain rows: `INSERT`, `COPY … FROM`. */
  readonly appends: readonly string[];
  /** Tables that are only read, by a writing statement or by a plain query. */
  readonly reads: readonly string[];
  /**
   * Temporary tables this text creates. In another list only where the text also means the table of all that has the name: with its schema, before it creates
   * its own, or after it drops it. A session must forget them by itself. Absent when there are none.
   */
  readonly temporary?: readonly string[];
}

export interface ReaderSettings {
  readonly names: NameRules;
  readonly readOnlyFunctions: ReadonlySet<string>;
}

/**
 * Gathers what the readers of a text find, statement by statement. Names come as their stored parts.
 * What is declared earlier in the text (temporary tables, prepared statements) counts for later statements.
 */
export interface Uses {
  table(parts: readonly string[], mode: Mode): void;
  /** From here on the name is the session's own business. */
  createTemporary(parts: readonly string[]): void;
  /** It is written, and from here on the name is anybody's. */
  drop(parts: readonly string[]): void;
  call(parts: readonly string[]): void;
  prepare(name: string, read: () => void): void;
  execute(name: string): void;
  /** The statement may write what its text does not name. */
  giveUp(): void;
  endStatement(): void;
  /** `undefined` after `giveUp`, unless `hinted`: then the hint stands for what the text does not tell. */
  summary(hinted: boolean): TablesWritten | undefined;
  /** What statements that write call besides, and nobody knows what that writes. */
  unknownCalls(): readonly string[];
}

export function createUses({ names: { dialect = 'postgres', database, defaultSchema }, readOnlyFunctions }: ReaderSettings): Uses {
  const modes = new Map<string, Set<Mode>>();
  const temporary = new Set<string>();
  const everTemporary = new Set<string>();
  const prepared = new Map<string, () => void>();
  const unknownCalls = new Set<string>();
  let unclear = false;
  let statementWrites = false;
  let statementCalls: string[] = [];

  const isTemporary = (parts: readonly string[]): boolean => {
    const [first = ''] = parts;
    return parts.length > 1 ? /^pg_temp(_|$)/.test(first) : first.startsWith('#') || temporary.has(first);
  };
  const stored = (part: string): string => (part === '*' ? part : storedIdentifier(part, true, dialect));
  const isDatabase = (part: string | undefined): boolean => part !== undefined && qualifiedName([part]) === database;
  const withoutDatabase = (parts: readonly string[]): readonly string[] =>
    parts.length > 2 && isDatabase(parts[0]) ? parts.slice(1) : parts;
  const withoutSchema = (parts: readonly string[]): readonly string[] =>
    parts.length === 2 && parts[1] !== '*' && qualifiedName(parts.slice(0, 1)) === defaultSchema ? parts.slice(1) : parts;

  const table = (written: readonly string[], mode: Mode): void => {
    const parts = withoutDatabase(written.map(stored));
    if (mode !== 'read') statementWrites = true;
    // Nobody of ours writes in another database, so nobody is in the way of a read there.
    else if (isCatalog(parts) || (database !== undefined && parts.length > 2)) return;
    if (isTemporary(parts)) return;
    const name = qualifiedName(withoutSchema(parts));
    const found = modes.get(name) ?? new Set<Mode>();
    modes.set(name, found.add(mode));
  };

  return {
    table,
    createTemporary(parts) {
      statementWrites = true;
      const name = stored(parts.at(-1) ?? '');
      temporary.add(name);
      everTemporary.add(name);
    },
    drop(parts) {
      table(parts, 'write');
      if (parts.length === 1 || isTemporary(parts)) temporary.delete(stored(parts.at(-1) ?? ''));
    },
    call(parts) {
      const name = qualifiedName(parts);
      if (!isReadOnlyFunction(parts) && !readOnlyFunctions.has(name)) statementCalls.push(name);
    },
    prepare(name, read) {
      prepared.set(name, read);
    },
    execute(name) {
      const read = prepared.get(name);
      if (read === undefined) statementCalls.push(name);
      read?.();
      // The second time it adds nothing, and there may be thousands.
      if (read !== undefined) prepared.set(name, () => {});
    },
    giveUp() {
      unclear = true;
    },
    // A function in a statement that writes is taken to compute a value: the tables named are the answer, as with
    // triggers. In a statement that names nothing to write, the function may be the very point of it.
    endStatement() {
      if (statementCalls.length > 0 && !statementWrites) unclear = true;
      for (const name of statementCalls) unknownCalls.add(name);
      statementCalls = [];
      statementWrites = false;
    },
    summary(hinted) {
      return unclear && !hinted ? undefined : summarise(modes, everTemporary);
    },
    unknownCalls: () => [...unknownCalls],
  };
}

/** A table both inserted into and read needs `write`: `append` would let others insert below the read. */
function summarise(modes: ReadonlyMap<string, ReadonlySet<Mode>>, temporary: ReadonlySet<string>): TablesWritten {
  const lists: Record<Mode, string[]> = { write: [], append: [], read: [] };
  for (const [name, found] of modes) {
    const only = found.size === 1 ? [...found][0] : undefined;
    lists[only ?? 'write'].push(name);
  }
  const own = temporary.size > 0 ? { temporary: sorted([...temporary].map((name) => qualifiedName([name]))) } : {};
  return Object.freeze({ writes: sorted(lists.write), appends: sorted(lists.append), reads: sorted(lists.read), ...own });
}

const sorted = (names: string[]): readonly string[] => Object.freeze(names.sort());

// Nobody lists the system's own tables as resources, and a read of them conflicts with no writer of ours.
function isCatalog(parts: readonly string[]): boolean {
  const [first = ''] = parts;
  return parts.length > 1 ? first === 'pg_catalog' || first === 'information_schema' : /^(pg|stl|stv|svl|svv|svcs)_/.test(first);
}
