/** An unquoted identifier as PostgreSQL stores it. Only ASCII letters fold; `É` stays as it is written. */
export function foldIdentifier(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * The name of a table out of its stored parts (schema and table, or only the table), in the form resources have:
 * plain where the part reads the same without quotes, else in double quotes: `analytics.visits`, `analytics."Visits"`.
 */
export function qualifiedName(parts: readonly string[]): string {
  return parts.map((part) => (part === '*' || readsTheSame(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.');
}

function readsTheSame(part: string): boolean {
  return /^[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*$/.test(part) && part === part.toLowerCase();
}
