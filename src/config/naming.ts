import { InvalidOptionError } from '../lock/errors.ts';
import { type NameRules, nameRules, normalizeName } from '../lock/plan/names.ts';
import { find, type Layer, type ListedTable, tablesIn } from './layers.ts';

const ruleFields = ['defaultSchema', 'database', 'dialect'] as const;
const noRules = { defaultSchema: undefined, database: undefined, dialect: undefined };

/** How the layers, the winning one first, have names read. What in them is no rule is told of elsewhere. */
export function rulesOf(layers: readonly Layer[]): NameRules {
  const written = ruleFields.map((field) => [field, find(layers, field)?.value] as const);
  const isRule = ([field, value]: (typeof written)[number]): boolean => !isRefused(() => nameRules({ ...noRules, [field]: value }));
  return nameRules({ ...noRules, ...Object.fromEntries(written.filter(isRule)) });
}

/** The tables of a layer under their normalised names. A name that is none is told of elsewhere. */
export function normalTables({ fields: { resources } }: Layer, rules: NameRules): readonly (ListedTable & { readonly normal: string })[] {
  return tablesIn(resources)
    .filter(({ name }) => !isRefused(() => normalizeName(name, rules)))
    .map((table) => ({ ...table, normal: normalizeName(table.name, rules) }));
}

function isRefused(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch (error) {
    if (error instanceof InvalidOptionError) return true;
    throw error;
  }
}
