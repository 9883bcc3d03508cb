import { type ConfigProblem, InvalidOptionError } from '../lock/errors.ts';
import { type NameRules, normalizeName } from '../lock/plan/names.ts';
import { resolveOptions } from '../lock/plan/options.ts';
import { find, type Layer, layerAt, tablesIn } from './layers.ts';
import { normalTables, rulesOf } from './naming.ts';
import { pathText, problemAt } from './problems.ts';

/**
 * What no field shows by itself: a table listed twice, a hold longer than its TTL. `layers` are those that go together,
 * the winning one first; its names are looked at, and the holds of all.
 */
export function findContradictions(layers: readonly Layer[]): readonly ConfigProblem[] {
  const rules = rulesOf(layers);
  return [...layers.slice(0, 1).flatMap((layer) => nameProblems(layer, rules)), ...holdProblems(layers, rules)];
}

function nameProblems({ path, fields: { resources } }: Layer, rules: NameRules): readonly ConfigProblem[] {
  const seen = new Map<string, string>();
  return tablesIn(resources).flatMap(({ key, name }) => {
    const at = [...path, 'resources', key];
    try {
      const normal = normalizeName(name, rules, 'name');
      const earlier = seen.get(normal);
      seen.set(normal, earlier ?? name);
      if (earlier === undefined) return [];
      return [problemAt(at, `received ${JSON.stringify(name)}; that is the same table as ${JSON.stringify(earlier)}: list it once`)];
    } catch (error) {
      if (!(error instanceof InvalidOptionError)) throw error;
      return [problemAt(at, error.message.slice('name: '.length))];
    }
  });
}

/** In the order of precedence: the table's own settings in each layer, then the layers' settings for all tables. */
function holdProblems(layers: readonly Layer[], rules: NameRules): readonly ConfigProblem[] {
  const chains = new Map<string, Layer[]>();
  for (const layer of layers)
    for (const { normal, key, settings } of normalTables(layer, rules)) {
      const chain = chains.get(normal) ?? [];
      chain.push(layerAt([...layer.path, 'resources', key], settings));
      chains.set(normal, chain);
    }
  return [layers, ...[...chains.values()].map((chain) => [...chain, ...layers])].flatMap(holdProblem);
}

function holdProblem(chain: readonly Layer[]): readonly ConfigProblem[] {
  const hold = find(chain, 'minHoldMs');
  const ttl = find(chain, 'ttlMs');
  const ttlMs = ttl?.value ?? resolveOptions(undefined, [], {}).ttlMs;
  if (typeof hold?.value !== 'number' || typeof ttlMs !== 'number' || hold.value <= ttlMs) return [];
  const origin = ttl === undefined ? 'the default' : pathText(ttl.path);
  return [problemAt(hold.path, `received ${hold.value}; at most ttlMs is allowed, here ${ttlMs} (${origin})`)];
}
