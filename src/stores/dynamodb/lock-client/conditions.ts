import type { Condition, Update } from '../conditions.ts';
import { attribute, type Item } from '../item.ts';
import type { Changes, Stored } from './stored.ts';

const { recordVersionNumber, isReleased } = attribute;

/** No item, or the one whose holder was observed to be dead, and which carries nothing. */
export function isFree(partitionKeyName: string, deadVersion: string | undefined): Condition {
  const absent = 'attribute_not_exists(#key)';
  const holds = (found: Item | undefined): boolean => found === undefined || found[recordVersionNumber]?.S === deadVersion;
  if (deadVersion === undefined) return { expression: absent, names: { '#key': partitionKeyName }, values: {}, holds };
  return {
    // Java releases without a new version.
    expression: `${absent} OR (#version = :version AND attribute_not_exists(#released))`,
    names: { '#key': partitionKeyName, '#version': recordVersionNumber, '#released': isReleased },
    values: { ':version': { S: deadVersion } },
    holds,
  };
}

/** Still the version that was seen, held or released as it was then. */
export function isAsSeen({ version, isReleased: wasReleased }: Pick<Stored, 'version' | 'isReleased'>): Condition {
  return {
    expression: `#version = :version AND ${wasReleased ? 'attribute_exists' : 'attribute_not_exists'}(#released)`,
    names: { '#version': recordVersionNumber, '#released': isReleased },
    values: { ':version': { S: version } },
    holds: (found) => found?.[recordVersionNumber]?.S === version && (found[isReleased] !== undefined) === wasReleased,
  };
}

/** An `UpdateItem`, so that attributes which nobody here knows stay. */
export function toUpdate(condition: Condition, { set, remove }: Changes): Update {
  const sets = Object.entries(set);
  const setting = `SET ${sets.map((_, index) => `#s${index} = :s${index}`).join(', ')}`;
  const removing = remove.length === 0 ? '' : ` REMOVE ${remove.map((_, index) => `#r${index}`).join(', ')}`;
  return {
    condition: {
      ...condition,
      names: {
        ...condition.names,
        ...Object.fromEntries(sets.map(([name], index) => [`#s${index}`, name])),
        ...Object.fromEntries(remove.map((name, index) => [`#r${index}`, name])),
      },
      values: { ...condition.values, ...Object.fromEntries(sets.map(([, value], index) => [`:s${index}`, value])) },
    },
    update: setting + removing,
  };
}

/** Filters a scan: locks alone, whose keys begin with `prefix`. */
export function isLock(partitionKeyName: string, prefix: string): { expression: string; names: Record<string, string>; values: Item } {
  const exists = 'attribute_exists(#version)';
  const names = { '#version': recordVersionNumber };
  if (prefix === '') return { expression: exists, names, values: {} };
  return {
    expression: `${exists} AND begins_with(#key, :prefix)`,
    names: { ...names, '#key': partitionKeyName },
    values: { ':prefix': { S: prefix } },
  };
}
