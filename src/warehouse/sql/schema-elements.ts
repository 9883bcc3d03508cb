import type { Uses } from './uses.ts';

/**
 * What `CREATE SCHEMA schema …` creates in it: a name without a schema means the new one if it is `created` here, whatever
 * the order, else what the search path finds.
 */
export function usesWithin(uses: Uses, schema: string, created: ReadonlySet<string>): Uses {
  return {
    ...uses,
    table(parts, mode) {
      const [first = ''] = parts;
      uses.table(parts.length === 1 && created.has(first) ? [schema, first] : parts, mode);
    },
  };
}
