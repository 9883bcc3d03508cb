import { attribute, type Item, released } from './item.ts';
import type { Condition } from './requests.ts';

const names = { '#released': attribute.isReleased, '#version': attribute.recordVersionNumber };

/** No item, a released one, or the one whose holder was observed to be dead. The last is what makes burying it safe. */
export function isFree(partitionKeyName: string, deadVersion: string | undefined): Condition {
  const absentOrReleased = 'attribute_not_exists(#key) OR #released = :released';
  if (deadVersion === undefined) {
    return {
      expression: absentOrReleased,
      names: { '#key': partitionKeyName, '#released': attribute.isReleased },
      values: { ':released': released },
    };
  }
  return {
    expression: `${absentOrReleased} OR #version = :version`,
    names: { '#key': partitionKeyName, ...names },
    values: { ':released': released, ':version': { S: deadVersion } },
  };
}

/** Still at this version. Releasing leaves the version as it was, in the Java client too, so it is asked for as well. */
export function isAt(recordVersionNumber: string): Condition {
  return {
    expression: '#version = :version AND (attribute_not_exists(#released) OR #released <> :released)',
    names,
    values: { ':version': { S: recordVersionNumber }, ':released': released },
  };
}

/** An update, not a deletion. The new version tells this release from any other when its answer is lost. */
export function toReleased(recordVersionNumber: string, nextVersion: string): { condition: Condition; update: string } {
  const condition = isAt(recordVersionNumber);
  return {
    condition: { ...condition, values: { ...condition.values, ':next': { S: nextVersion } } },
    update: 'SET #released = :released, #version = :next',
  };
}

/** Filters a scan: keys that begin with `prefix`, under our sort key where there is one. */
export function hasPrefix(partitionKeyName: string, prefix: string, sortKey: Item): Condition {
  const [[sortKeyName, sortKeyValue] = []] = Object.entries(sortKey);
  const begins: Condition = {
    expression: 'begins_with(#key, :prefix)',
    names: { '#key': partitionKeyName },
    values: { ':prefix': { S: prefix } },
  };
  if (sortKeyName === undefined || sortKeyValue === undefined) return begins;
  return {
    expression: `${begins.expression} AND #sort = :sort`,
    names: { ...begins.names, '#sort': sortKeyName },
    values: { ...begins.values, ':sort': sortKeyValue },
  };
}
