import { attribute, decodeItem, type Item, released } from './item.ts';

/** DynamoDB's expression language: placeholders for names begin with `#`, those for values with `:`. */
export interface Expression {
  readonly expression: string;
  readonly names: Record<string, string>;
  readonly values: Item;
}

/** What must be true of an item for a write to take effect. */
export interface Condition extends Expression {
  /** The same, asked of an item that was read. */
  holds(found: Item | undefined): boolean;
}

const names = { '#released': attribute.isReleased, '#version': attribute.recordVersionNumber };

/** No item, a released one, or the one whose holder was observed to be dead. The last is what makes burying it safe. */
export function isFree(partitionKeyName: string, deadVersion: string | undefined): Condition {
  const absentOrReleased = 'attribute_not_exists(#key) OR #released = :released';
  const holds = (found: Item | undefined): boolean => {
    const stored = found && decodeItem(found);
    return stored === undefined || stored.isReleased || stored.recordVersionNumber === deadVersion;
  };
  if (deadVersion === undefined) {
    const used = { '#key': partitionKeyName, '#released': attribute.isReleased };
    return { expression: absentOrReleased, names: used, values: { ':released': released }, holds };
  }
  return {
    expression: `${absentOrReleased} OR #version = :version`,
    names: { '#key': partitionKeyName, ...names },
    values: { ':released': released, ':version': { S: deadVersion } },
    holds,
  };
}

/** Still at this version. The Java client releases without a new version, so that is asked for as well. */
export function isAt(recordVersionNumber: string): Condition {
  return {
    expression: '#version = :version AND (attribute_not_exists(#released) OR #released <> :released)',
    names,
    values: { ':version': { S: recordVersionNumber }, ':released': released },
    holds(found) {
      const stored = found && decodeItem(found);
      return stored?.recordVersionNumber === recordVersionNumber && !stored.isReleased;
    },
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
export function hasPrefix(partitionKeyName: string, prefix: string, sortKey: Item): Expression {
  const [[sortKeyName, sortKeyValue] = []] = Object.entries(sortKey);
  const begins: Expression = {
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
