import type { TableOptions } from '../lock/options.ts';
import { normalizeName } from '../lock/plan/names.ts';
import { layerAt, tablesIn } from './layers.ts';
import { rulesOf } from './naming.ts';
import type { EnvironmentSettings, MergedSettings } from './types.ts';

/** Lays the settings over each other, the weakest first: field by field, also within `retry`, `starveAfter`, `limits` and each resource. */
export function mergeSettings(layers: readonly EnvironmentSettings[]): MergedSettings {
  const merged = withJobs(layers.reduce(overlay, {}), layers);
  if (merged.resources === undefined) return merged as MergedSettings;
  const rules = rulesOf([layerAt([], merged)]);
  const tables = new Map<string, TableOptions>();
  for (const { name, settings } of layers.flatMap(({ resources }) => tablesIn(resources))) {
    const normal = normalizeName(name, rules, 'resources');
    tables.set(normal, overlay(tables.get(normal) ?? {}, settings as TableOptions));
  }
  return { ...merged, resources: Object.fromEntries(tables) };
}

/** A job is one thing: the strongest layer that names it says it all. */
function withJobs(merged: EnvironmentSettings, layers: readonly EnvironmentSettings[]): EnvironmentSettings {
  return merged.jobs === undefined ? merged : { ...merged, jobs: Object.assign({}, ...layers.map(({ jobs }) => jobs)) };
}

/** A field that is `undefined` hides nothing. */
function overlay<T extends EnvironmentSettings & Pick<TableOptions, 'limits'>>(weak: T, strong: T): T {
  const given = Object.fromEntries(Object.entries(strong).filter(([, value]) => value !== undefined));
  for (const group of ['retry', 'starveAfter', 'limits'] as const) {
    if (weak[group] !== undefined && strong[group] !== undefined) given[group] = { ...weak[group], ...strong[group] };
  }
  return { ...weak, ...given };
}
