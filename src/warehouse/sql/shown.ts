import { tokenize } from './tokens.ts';

const longest = 200;

/** The beginning of a statement for a message, without what its strings say: keys, as in Redshift's COPY, or people's data. */
export function shownSql(sql: string): string {
  // Where it is not sure which quote begins a string, nothing is shown from the first one on.
  const tokens = sql.includes("\\'") ? undefined : tokenize(sql);
  if (tokens === undefined) return sql.slice(0, Math.min(longest, sql.search(/['$]|$/)));
  let shown = '';
  let next = 0;
  for (const { kind, start, end } of tokens) {
    if (kind !== 'string') continue;
    shown += `${sql.slice(next, start)}'…'`;
    next = end;
  }
  return (shown + sql.slice(next)).slice(0, longest);
}
