import { createTextCache } from './cache.ts';
import { readHints } from './hint.ts';
import { piecesOf } from './items.ts';
import { loadedParser, type SqlParser } from './parser.ts';
import { readStatement } from './statements.ts';
import { readTokens } from './token-statement.ts';
import { tokenize } from './tokens.ts';
import { createUses, type ReaderSettings, type TablesWritten, type Uses } from './uses.ts';

export { loadSqlParser } from './parser.ts';
export type { TablesWritten } from './uses.ts';

export interface SqlReaderOptions {
  /** A schema to drop from names, so that `public.events` and `events` are one. Default: none, names stay as written. */
  readonly defaultSchema?: string;
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
   * - Names as stored, with the schema where it is written: `analytics.visits`; in double quotes where needed: `"Visits"`.
   *   A whole schema is `analytics.*`. System tables that are read and temporary tables are left out.
   * - A plain query has empty `writes` and `appends`. `EXPLAIN` without `ANALYZE` and `PREPARE` touch nothing.
   * - Read *and* inserted into (`insert into t select … from t`) is a write.
   * - `INSERT … ON CONFLICT DO UPDATE` and `SELECT … FOR UPDATE` write; `DO NOTHING` appends, `FOR SHARE` reads.
   */
  tablesWritten(sql: string): TablesWritten | undefined;
}

const defaultCachedTexts = 1_000;
const longestCachedText = 20_000;

/**
 * A reader with a memory of its own. Await `loadSqlParser()` once before; until then, and where libpg-query is not installed,
 * it goes by words alone, which understands less of what is rare and so says `undefined` more often.
 */
export function createSqlReader(options: SqlReaderOptions = {}): SqlReader {
  const settings: ReaderSettings = { defaultSchema: options.defaultSchema, readOnlyFunctions: new Set(options.readOnlyFunctions) };
  const cache = createTextCache<TablesWritten | undefined>(options.cachedTexts ?? defaultCachedTexts, longestCachedText);
  let parser: SqlParser | undefined;
  return {
    tablesWritten(sql) {
      if (parser !== loadedParser()) {
        parser = loadedParser();
        cache.clear();
      }
      return cache.get(sql, () => readTables(sql, parser, settings));
    },
  };
}

/** `tablesWritten` of a reader with the default options, for all who need no other. */
export const tablesWritten: SqlReader['tablesWritten'] = createSqlReader().tablesWritten;

function readTables(sql: string, parser: SqlParser | undefined, settings: ReaderSettings): TablesWritten | undefined {
  // The server's protocol ends a text at a NUL; what came behind it would be read here and not there, or the reverse.
  if (sql.includes('\0')) return undefined;
  const hints = readHints(sql);
  if (hints === 'unreadable') return undefined;
  const uses = createUses(settings);
  readText(sql, parser, uses);
  for (const { parts, mode } of hints ?? []) uses.table(parts, mode);
  return uses.summary(hints !== undefined);
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
