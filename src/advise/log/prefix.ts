/** What a `log_line_prefix` tells of each line. */
export type PrefixField = 'time' | 'epoch' | 'pid' | 'application' | 'user' | 'vxid' | 'state';

export interface Prefix {
  /** As it stands in postgresql.conf. */
  readonly written: string;
  readonly fields: ReadonlySet<PrefixField>;
  /** Matches the prefix at a line's start, and the label behind it (`LOG:  `). Its groups are `fields` in their order, then the label. Sticky. */
  readonly pattern: RegExp;
}

/** The escapes: which field each is, and what it looks like. */
const escapes: Readonly<Record<string, readonly [field: PrefixField | undefined, form: string]>> = {
  a: ['application', '.*?'],
  u: ['user', '.*?'],
  d: [undefined, '.*?'],
  r: [undefined, '.*?'],
  h: [undefined, '.*?'],
  L: [undefined, '.*?'],
  b: [undefined, '.*?'],
  p: ['pid', '\\d+'],
  P: [undefined, '\\d*'],
  t: ['time', '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d [^ ]*?'],
  m: ['time', '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} [^ ]*?'],
  n: ['epoch', '\\d+\\.\\d{3}'],
  Q: [undefined, '-?\\d*'],
  i: [undefined, '.*?'],
  e: ['state', '[0-9A-Z]{5}'],
  c: [undefined, '[0-9a-f]+\\.[0-9a-f]+'],
  l: [undefined, '\\d+'],
  s: [undefined, '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d [^ ]*?'],
  v: ['vxid', '-?\\d*/?\\d*'],
  x: [undefined, '\\d*'],
};

/** One word and a colon, in any language: `LOG:  `, `FEHLER:  `, `INSTRUCTION :  `. Not \s: as bytes, letters contain it. */
const label = '([^ \\t\\r\\n:]{1,60}) ?(?::|\\xef\\xbc\\x9a) {1,2}';

/** Reads a `log_line_prefix`. `undefined`: it has an escape that PostgreSQL does not know. */
export function readPrefix(written: string): Prefix | undefined {
  const fields = new Set<PrefixField>();
  let pattern = '';
  let optional = '';
  for (const [whole, width, letter] of written.matchAll(/%(-?\d*)(.?)|[^%]+/gsu)) {
    if (!whole.startsWith('%')) pattern += literal(whole);
    else if (letter === '%') pattern += '%';
    else if (letter === 'q') {
      // Processes that are no session write nothing of what follows.
      if (optional === '') pattern += '(?:';
      optional = ')?';
    } else {
      const [field, form] = escapes[letter ?? ''] ?? [];
      if (form === undefined) return undefined;
      const padding = width === '' ? '' : ' *';
      pattern += padding + (field === undefined || fields.has(field) ? `(?:${form})` : `(${form})`) + padding;
      if (field !== undefined) fields.add(field);
    }
  }
  return { written, fields, pattern: new RegExp(`${pattern}${optional}${label}`, 'y') };
}

function literal(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** What log lines mostly begin with; of those that fit, the one is taken that tells most. */
const usual = [
  '%m [%p] %v %e %q%u@%d %a ',
  '%m [%p] %q%v %e %u@%d %a ',
  '%m [%p] %e %q%u@%d %a ',
  // Amazon RDS and Aurora.
  '%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:',
  '%t:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:',
  '%m:%r:%u@%d:[%p]:',
  '%t:%r:%u@%d:[%p]:',
  // As pgBadger asks for.
  '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ',
  '%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ',
  '%t [%p]: user=%u,db=%d,app=%a,client=%h ',
  '%m [%p]: user=%u,db=%d,app=%a,client=%h ',
  // Google Cloud SQL.
  '%m [%p]: [%l-1] db=%d,user=%u ',
  // Debian, and PostgreSQL's own default.
  '%m [%p] %q%u@%d ',
  '%m [%p] ',
  '%t [%p] %q%u@%d ',
  '%t [%p] ',
] as const;

/** The prefix that tells most of these lines. `undefined`: they begin with none that is usual. */
export function detectPrefix(lines: readonly string[]): Prefix | undefined {
  let best: { readonly prefix: Prefix; readonly told: number } | undefined;
  for (const prefix of usual.map(readPrefix)) {
    if (prefix === undefined) continue;
    const told = lines.reduce((sum, line) => sum + fieldsTold(prefix, line), 0);
    // What stands behind %q may be missing, so a prefix may promise more than it tells.
    const isBetter = best === undefined || told > best.told || (told === best.told && prefix.fields.size < best.prefix.fields.size);
    if (told > 0 && isBetter) best = { prefix, told };
  }
  return best?.prefix;
}

function fieldsTold({ pattern }: Prefix, line: string): number {
  pattern.lastIndex = 0;
  return (pattern.exec(line) ?? []).filter((text) => text !== undefined && text !== '').length;
}
