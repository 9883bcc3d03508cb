import { foldLetters, writtenIdentifier } from '../../lock/plan/identifiers.ts';

export { foldLetters as foldIdentifier };

/**
 * The name of a table out of its stored parts (schema and table, or only the table), in the form resources have:
 * plain where the part reads the same without quotes, else in double quotes: `analytics.visits`, `analytics."Visits"`.
 */
export function qualifiedName(parts: readonly string[]): string {
  return parts.map((part) => (part === '*' ? part : writtenIdentifier(part))).join('.');
}
