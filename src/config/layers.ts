/** Settings as they were written, before anything is known to be right: what the schema refuses in them is passed over. */

/** Settings, and where they stand. */
export interface Layer {
  readonly path: readonly PropertyKey[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A value, and where it stands. */
export interface Found {
  readonly path: readonly PropertyKey[];
  readonly value: unknown;
}

/** A table under `resources`, listed or with settings. */
export interface ListedTable {
  readonly key: PropertyKey;
  readonly name: string;
  readonly settings: unknown;
}

/** `layerAt(['environments', 'production'], file.environments.production)`; without fields when it is not an object. */
export function layerAt(path: readonly PropertyKey[], value: unknown): Layer {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return { path, fields: isObject ? (value as Layer['fields']) : {} };
}

/** In the first of the layers that says something. */
export function find(layers: readonly Layer[], field: string): Found | undefined {
  const layer = layers.find(({ fields }) => fields[field] !== undefined);
  return layer && { path: [...layer.path, field], value: layer.fields[field] };
}

/** `resources` is a list of names, or an object with settings under them. */
export function tablesIn(resources: unknown): readonly ListedTable[] {
  if (!Array.isArray(resources))
    return Object.entries(layerAt([], resources).fields).map(([name, settings]) => ({ key: name, name, settings }));
  return resources.flatMap((name: unknown, key) => (typeof name === 'string' ? [{ key, name, settings: {} }] : []));
}
