import { foldIdentifier } from './names.ts';

/**
 * One lexical piece of SQL. `text` is what it means: words folded to lower case, quoted names, strings and comments
 * without their delimiters. `start` and `end` are places in the source.
 */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol' | 'comment';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Splits any text into tokens in one pass; white space is dropped, comments are kept. `undefined`: a string, a quoted
 * name or a comment does not end.
 *
 * PostgreSQL's rules, with Redshift's `#name` for temporary tables. Redshift's backslash escapes in plain strings are
 * tried only when the text does not come out even without them.
 */
export function tokenize(sql: string): readonly Token[] | undefined {
  return scan(sql, false) ?? (sql.includes("\\'") ? scan(sql, true) : undefined);
}

function scan(sql: string, backslashEscapes: boolean): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let start = afterSpace(sql, 0); start < sql.length; ) {
    const before = tokens.at(-1);
    const isEscapeString = before?.kind === 'word' && before.text === 'e' && before.end === start;
    const token = enclosedAt(sql, start, backslashEscapes || isEscapeString) ?? plainAt(sql, start);
    if (token.end > sql.length) return undefined;
    tokens.push(token);
    start = afterSpace(sql, token.end);
  }
  return tokens;
}

// As PostgreSQL reads it: a no-break space is a letter.
const space = /[ \t\n\r\f\v]+/y;
const restOfLine = /[^\n\r]*/y;
const enclosing = /'|(?:u&)?"|--|\/\*|\$(?:[a-zA-Z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy;

function afterSpace(sql: string, start: number): number {
  return start + (matchAt(space, sql, start)?.length ?? 0);
}

function matchAt(pattern: RegExp, sql: string, start: number): string | undefined {
  pattern.lastIndex = start;
  return pattern.exec(sql)?.[0];
}

// The end of what does not end.
const never = Number.POSITIVE_INFINITY;

/** A string, a quoted name or a comment. */
function enclosedAt(sql: string, start: number, backslashEscapes: boolean): Token | undefined {
  const opening = matchAt(enclosing, sql, start);
  if (opening === undefined) return undefined;
  const inside = start + opening.length;
  if (opening === '--') {
    const text = matchAt(restOfLine, sql, inside) ?? '';
    return { kind: 'comment', text, start, end: inside + text.length };
  }
  if (opening === '/*') {
    const end = endOfComment(sql, start);
    return { kind: 'comment', text: sql.slice(inside, end - 2), start, end };
  }
  if (/^u/i.test(opening)) {
    const end = endOfQuoted(sql, inside - 1, false);
    const text = sql.slice(inside, end - 1).replaceAll('""', '"');
    // With an escape character of its own, further on, nobody can tell the name yet.
    return /\buescape\b/i.test(sql) ? { kind: 'symbol', text: opening, start, end } : { kind: 'quoted', text: unescaped(text), start, end };
  }
  if (opening === '"' || opening === "'") {
    const end = endOfQuoted(sql, start, backslashEscapes && opening === "'");
    return {
      kind: opening === '"' ? 'quoted' : 'string',
      text: sql.slice(inside, end - 1).replaceAll(opening + opening, opening),
      start,
      end,
    };
  }
  const close = sql.indexOf(opening, inside);
  return { kind: 'string', text: sql.slice(inside, close), start, end: close < 0 ? never : close + opening.length };
}

/** What stands in `U&"…"`. */
function unescaped(text: string): string {
  return text.replace(/\\(?:\\|\+([\da-f]{6})|([\da-f]{4}))/gi, (_whole, six?: string, four?: string) => {
    const code = six ?? four;
    return code === undefined ? '\\' : String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff));
  });
}

const plain: readonly (readonly [Token['kind'], RegExp])[] = [
  ['word', /#?[a-zA-Z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['number', /(?:\d|\.\d)[\w.]*/y],
  ['parameter', /\$\d+/y],
];

function plainAt(sql: string, start: number): Token {
  for (const [kind, pattern] of plain) {
    const text = matchAt(pattern, sql, start);
    if (text !== undefined) return { kind, text: kind === 'word' ? foldIdentifier(text) : text, start, end: start + text.length };
  }
  return { kind: 'symbol', text: sql.charAt(start), start, end: start + 1 };
}

/** The place behind the closing quote. A doubled quote stands for itself. */
function endOfQuoted(sql: string, start: number, backslashEscapes: boolean): number {
  const quote = sql[start];
  for (let at = start + 1; at < sql.length; at += 1) {
    const char = sql[at];
    if (char === '\\' && backslashEscapes) at += 1;
    else if (char === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return never;
}

/** Comments nest. */
function endOfComment(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let found = edge.exec(sql); found !== null; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return never;
}
