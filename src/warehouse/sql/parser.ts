/** A node of PostgreSQL's parse tree as libpg-query gives it: fields, and children under the name of their type. */
export interface TreeNode {
  readonly [field: string]: unknown;
}

/** Reads a text into one tree per statement; throws what it cannot read. */
export type ParseSql = (sql: string) => { readonly stmts?: readonly { readonly stmt?: unknown }[] };

let parser: SqlParser | undefined;
let loading: Promise<boolean> | undefined;

/**
 * Loads libpg-query, PostgreSQL's own parser. Resolves to `false` where it is not installed or cannot run; the reader
 * then goes by tokens alone. Safe to call often.
 */
export function loadSqlParser(): Promise<boolean> {
  loading ??= load();
  return loading;
}

/** The loaded parser, if there is one by now. */
export function loadedParser(): SqlParser | undefined {
  return parser;
}

async function load(): Promise<boolean> {
  try {
    const library = await import('libpg-query');
    await library.loadModule();
    parser = guardParser(library.parseSync as ParseSql);
    return true;
  } catch {
    return false;
  }
}

/** Trees of the statements, or `undefined` when the parser refuses the text or should not be asked. */
export type SqlParser = (sql: string) => readonly TreeNode[] | undefined;

/**
 * Keeps the parser from harm. It recurses on the stack of this process, and one that overflowed is damaged: measured,
 * after some thirty overflows it fails on every text. So what might overflow is not asked, and a parser that failed
 * other than by refusing the text is never used again.
 */
export function guardParser(parse: ParseSql): SqlParser {
  let isSound = true;
  return (sql) => {
    if (!isSound || !isSafeToParse(sql)) return undefined;
    try {
      return (parse(sql).stmts ?? []).map(({ stmt }) => stmt as TreeNode);
    } catch (error) {
      isSound = error instanceof Error && error.name === 'SqlError';
      return undefined;
    }
  };
}

// Measured: 500 nested subqueries, 6 400 operators in a row pass; 1 000 and 12 800 overflow.
const shortText = 4_000;
const longestText = 65_536;
const deepestNesting = 1_000;
const nestingPerBracket = 3;

function isSafeToParse(sql: string): boolean {
  if (sql === '') return false;
  return sql.length <= shortText || (sql.length <= longestText && nestingOf(sql) <= deepestNesting);
}

/** No less than the depth of the tree: what nests is brackets, operators and a few words. Quoted text counts as well. */
function nestingOf(sql: string): number {
  let depth = 0;
  let deepest = 0;
  for (const bracket of sql.match(/[()[\]]/g) ?? []) {
    depth += bracket === '(' || bracket === '[' ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  const links = sql.match(
    /[-+*/<>=~!@#%^&|`?:]|\b(?:not|is|isnull|notnull|in|like|ilike|similar|between|overlaps|collate|zone|case|join|union|intersect|except)\b/gi,
  );
  return deepest * nestingPerBracket + (links?.length ?? 0);
}

/** PostgreSQL cuts names at 63 bytes, and so does its parser; Redshift cuts at 127. */
export function mayBeCutShort(sql: string): boolean {
  return /[\w$]{64}|"[^"]{64}/.test(sql) || (/[^\0-\x7f]/.test(sql) && /[\w$\u0080-\uffff]{21}|"[^"]{21}/.test(sql));
}
