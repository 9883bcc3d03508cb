import { type ConfigProblem, InvalidOptionError } from '../lock/errors.ts';
import { nameRules, normalizeName } from '../lock/plan/names.ts';
import { resolveOptions } from '../lock/plan/options.ts';
import { pathText, problemAt } from './problems.ts';

/** Settings as they were written, and where. What the schema refuses in them is passed over here. */
export interface Layer {
  readonly path: readonly PropertyKey[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A value and where it was written. */
interface Found {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
}

/** `layerAt(['environments', 'production'], file.environments.production)`; without fields when it is not an object. */
export function layerAt(path: readonly PropertyKey[], value: unknown): Layer {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return { path, fields: isObject ? (value as Layer['fields']) : {} };
}

/**
 * What no field shows by itself: a table listed twice, a hold longer than its TTL. `layers` are those that go together,
 * the winning one first; its names are looked at, and the holds of all.
 */
export function findContradictions(layers: readonly Layer[]): readonly ConfigProblem[] {
  const normalize = normalizer(Object.fromEntries(ruleFields.map((field) => [field, find(layers, field)?.value])));
  return [...layers.slice(0, 1).flatMap((layer) => nameProblems(layer, normalize)), ...holdProblems(layers, normalize)];
}

type Normalize = (name: string, path: string) => string;

const ruleFields = ['defaultSchema', 'database', 'dialect'] as const;

/** The normaliser for the rules as they were written. What in them is no rule is told of elsewhere. */
export function normalizer(written: Readonly<Partial<Record<(typeof ruleFields)[number], unknown>>>): Normalize {
  const none = { defaultSchema: undefined, database: undefined, dialect: undefined };
  const isRule = (field: keyof typeof none): boolean =>
    attempt(
      () => nameRules({ ...none, [field]: written[field] }) !== undefined,
      () => false,
    );
  const rules = nameRules({ ...none, ...Object.fromEntries(ruleFields.filter(isRule).map((field) => [field, written[field]])) });
  return (name, path) => normalizeName(name, rules, path);
}

function nameProblems({ path, fields: { resources } }: Layer, normalize: Normalize): readonly ConfigProblem[] {
  const entries = Array.isArray(resources)
    ? [...resources.entries()]
    : Object.keys(layerAt([], resources).fields).map((name) => [name, name] as const);
  const seen = new Map<string, string>();
  return entries.flatMap(([key, name]) => {
    const at = [...path, 'resources', key];
    if (typeof name !== 'string') return [];
    return attempt(
      () => {
        const normal = normalize(name, 'name');
        const earlier = seen.get(normal);
        seen.set(normal, earlier ?? name);
        return earlier === undefined
          ? []
          : [problemAt(at, `received ${JSON.stringify(name)}; that is the same table as ${JSON.stringify(earlier)}: list it once`)];
      },
      (error) => [problemAt(at, error.message.slice('name: '.length))],
    );
  });
}

/** In the order of precedence: the table's own settings in each layer, then the layers' settings for all tables. */
function holdProblems(layers: readonly Layer[], normalize: Normalize): readonly ConfigProblem[] {
  const chains = new Map<string, Layer[]>();
  for (const { name, ...table } of layers.flatMap((layer) => tablesOf(layer, normalize))) {
    const chain = chains.get(name) ?? [];
    chain.push(table);
    chains.set(name, chain);
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

function tablesOf({ path, fields }: Layer, normalize: Normalize): readonly (Layer & { readonly name: string })[] {
  return Object.entries(layerAt([], fields.resources).fields).flatMap(([name, settings]) => {
    const normal = attempt<string | undefined>(
      () => normalize(name, 'name'),
      () => undefined,
    );
    return normal === undefined ? [] : [{ name: normal, ...layerAt([...path, 'resources', name], settings) }];
  });
}

function find(chain: readonly Layer[], field: string): Found | undefined {
  const layer = chain.find(({ fields }) => fields[field] !== undefined);
  return layer && { path: [...layer.path, field], value: layer.fields[field] };
}

function attempt<T>(act: () => T, refused: (error: InvalidOptionError) => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof InvalidOptionError) return refused(error);
    throw error;
  }
}
