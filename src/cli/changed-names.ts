import { type NameRules, normalizeName } from '../lock/plan/names.ts';

/** A listed name that giveway 0.1.0 read otherwise: beside a process of that version it is another lock. */
export interface ChangedName {
  readonly written: string;
  readonly before: string;
  readonly now: string;
}

export function changedNames(written: readonly string[], rules: NameRules): readonly ChangedName[] {
  return written
    .map((name) => ({ written: name, before: formerName(name, rules.defaultSchema), now: normalizeName(name, rules) }))
    .filter(({ before, now }) => before !== now);
}

const upToSlash = /^(?:"[^"]*"|[^"/])*/;
const dottedPart = /(?:"[^"]*"|[^".])+/g;
const plainInQuotes = /^"[a-z_\u00a1-\uffff][a-z0-9_$\u00a1-\uffff]*"$/;

/** By the rule of 0.1.0: every letter folds, blanks stay, nothing is cut, and there is no database. */
function formerName(name: string, defaultSchema: string | undefined): string {
  const [table = ''] = upToSlash.exec(name) ?? [];
  const parts = (table.match(dottedPart) ?? []).map((part) => {
    if (!part.startsWith('"')) return part.toLowerCase();
    return plainInQuotes.test(part) && part === part.toLowerCase() ? part.slice(1, -1) : part;
  });
  const [schema, only = '', ...more] = parts;
  const kept = more.length === 0 && schema === defaultSchema && only !== '' && only !== '*' ? [only] : parts;
  return kept.join('.') + name.slice(table.length).toLowerCase();
}
