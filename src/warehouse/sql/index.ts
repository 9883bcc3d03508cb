import type { Dialect } from '../../lock/plan/identifiers.ts';
import { type NameRules, nameRules } from '../../lock/plan/names.ts';
import { createTextCache } from './cache.ts';
import { type Doubt, searchPathsIn } from './doubts.ts';
import { readHints } from './hint.ts';
import { piecesOf } from './items.ts';
import { loadedParser, mayBeCutShort, type SqlParser } from './parser.ts';
import { readStatement } from './statements.ts';
import { readTokens } from './token-statement.ts';
import { tokenize } from './tokens.ts';
import { createUses, type ReaderSettings, type TablesWritten, type Uses } from './uses.ts';

export type { Doubt } from './doubts.ts';
export { loadSqlParser } from './parser.ts';
export type { TablesWritten } from './uses.ts';

/** How names are read: `locker.nameRules` has what a locker goes by. */
export interface SqlReaderOptions {
  /** A schema to drop from names, so that `public.events` and `events` are one. Default: none, names stay as written. */
  readonly defaultSchema?: string | undefined;
  /**
   * The database that is read: dropped from names of three parts, and reads of another one are left out. Default: none,
   * `dev.analytics.events` stays as it is written.
   */
  readonly database?: string | undefined;
  /** How names fold and where they are cut. Default `'postgres'`. */
  readonly dialect?: Dialect | undefined;
  /** Your own functions that write no table, as stored: `analytics.day_of`. A `SELECT` that calls an unknown function is "cannot tell". */
  readonly readOnlyFunctions?: readonly string[];
  /** How many texts to remember. Default: 1 000. */
  readonly cachedTexts?: number;
}

export interface SqlReader {
  /**
   * The tables a text touches when it is run, or `undefined` when that cannot be told: `CALL`, `DO`, an `EXECUTE` of what was
   * prepared elsewhere, a `SELECT` of somebody's own function, a statement not understood. Never throws, never waits.
   *
   * It reads what is written. What triggers, rules, foreign keys, cascades, views and functions inside a writing
   * statement touch besides is not in the text. A hint adds it: the comment `giveway: writes=a,b appends=c reads=d` speaks for the
   * whole text. A hint adds to what was read and stands alone where nothing could be read (`giveway: none`: no table); a
   * hint in other words makes the answer `undefined`.
   *
   * - A table is written if the statement keeps writers out or is kept out by them: rows, shape, storage, statistics,
   *   comments, and what is made for a table (indexes, triggers, policies, rules, publications).
   * - Names as stored, with the schema where it is written: `analytics.visits`; in double quotes where needed: `"Visits"`.
   *   A whole schema is `analytics.*`. System tables that are read and temporary tables are left out.
   * - A plain query has empty `writes` and `appends`. `EXPLAIN` without `ANALYZE` and `PREPARE` touch nothing.
   * - Read *and* inserted into (`insert into t select … from t`) is a write.
   * - `INSERT … ON CONFLICT DO UPDATE` and `SELECT … FOR UPDATE` write; `DO NOTHING` appends, `FOR SHARE` reads.
   */
  tablesWritten(sql: string): TablesWritten | undefined;
  /**
   * Why the answer to `sql` may be short, though there is one: it sets the search path, or calls unknown functions in a
   * statement that writes. Empty where a hint speaks for the text. A reader without this method has no doubts.
   */
  doubts?(sql: string): readonly Doubt[];
}

const defaultCachedTexts = 1_000;
const longestCachedText = 20_000;

interface Answer {
  readonly tables: TablesWritten | undefined;
  readonly doubts: readonly Doubt[];
}

/**
 * A reader with a memory of its own. Await `loadSqlParser()` once before; until then, and where libpg-query is not installed,
 * it goes by words alone, which understands less of what is rare and so says `undefined` more often.
 * Throws `InvalidOptionError`.
 */
export function createSqlReader(options: SqlReaderOptions = {}): SqlReader {
  const settings: ReaderSettings = { names: rulesOf(options), readOnlyFunctions: new Set(options.readOnlyFunctions) };
  const cache = createTextCache<Answer>(options.cachedTexts ?? defaultCachedTexts, longestCachedText);
  let parser: SqlParser | undefined;
  const answer = (sql: string): Answer => {
    if (parser !== loadedParser()) {
      parser = loadedParser();
      cache.clear();
    }
    return cache.get(sql, () => readTables(sql, parser, settings));
  };
  return { tablesWritten: (sql) => answer(sql).tables, doubts: (sql) => answer(sql).doubts };
}

/** `tablesWritten` of a reader with the default options, for all who need no other. */
export const tablesWritten: SqlReader['tablesWritten'] = createSqlReader().tablesWritten;

function rulesOf({ defaultSchema, database, dialect }: SqlReaderOptions): NameRules {
  const rules = nameRules({ defaultSchema, database, dialect });
  return defaultSchema === undefined ? { ...rules, defaultSchema: undefined } : rules;
}

const nothingKnown: Answer = { tables: undefined, doubts: [] };

function readTables(sql: string, parser: SqlParser | undefined, settings: ReaderSettings): Answer {
  // The server's protocol ends a text at a NUL; what came behind it would be read here and not there, or the reverse.
  if (sql.includes('\0')) return nothingKnown;
  const hints = readHints(sql);
  if (hints === 'unreadable') return nothingKnown;
  const uses = createUses(settings);
  // The parser cuts names as PostgreSQL does.
  readText(sql, settings.names.dialect === 'redshift' && mayBeCutShort(sql) ? undefined : parser, uses);
  for (const { parts, mode } of hints ?? []) uses.table(parts, mode);
  return {
    tables: uses.summary(hints !== undefined),
    doubts: hints === undefined ? doubtsOf(sql, uses, settings.names.defaultSchema) : [],
  };
}

function doubtsOf(sql: string, uses: Uses, defaultSchema: string | undefined): readonly Doubt[] {
  const calls = uses.unknownCalls().map((name): Doubt => ({ about: 'function', name }));
  // Most texts set nothing: do not pay for tokens.
  if (!/\bset(?:_config)?\b/i.test(sql) || !/\b(?:search_path|schema)\b/i.test(sql)) return calls;
  const tokens = tokenize(sql);
  const pieces = (tokens && piecesOf(tokens)) ?? [];
  return [...searchPathsIn(pieces, defaultSchema).map((name): Doubt => ({ about: 'search_path', name })), ...calls];
}

function readText(sql: string, parser: SqlParser | undefined, uses: Uses): void {
  const trees = parser?.(sql);
  if (trees !== undefined) {
    for (const tree of trees) {
      readStatement(tree, uses);
      uses.endStatement();
    }
    return;
  }
  const tokens = tokenize(sql);
  const pieces = tokens && piecesOf(tokens);
  if (pieces === undefined) uses.giveUp();
  // One statement that only Redshift knows must not cost the others their parser.
  const partParser = pieces !== undefined && pieces.length > 1 ? parser : undefined;
  for (const { items, start, end } of pieces ?? []) {
    const [tree] = partParser?.(sql.slice(start, end)) ?? [];
    if (tree === undefined) readTokens(items, uses);
    else readStatement(tree, uses);
    uses.endStatement();
  }
}
