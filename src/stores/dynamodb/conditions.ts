import { attribute, decodeItem, type Item, type ItemState, released } from './item.ts';

/** DynamoDB's expression language: placeholders for names begin with `#`, those for values with `:`. */
export interface Expression {
  readonly expression: string;
  readonly names: Record<string, string>;
  readonly values: Item;
}

/** A condition, and what `UpdateItem` does to an item for which it holds. */
export interface Update {
  readonly condition: Condition;
  readonly update: string;
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

/** Still at this version, and with nothing appended since. The Java client releases without a new version, so that is asked for as well. */
export function isAt({ recordVersionNumber, givewayVersion }: ItemState): Condition {
  const isSame = '#version = :version AND (attribute_not_exists(#released) OR #released <> :released)';
  const common = { names, values: { ':version': { S: recordVersionNumber }, ':released': released } };
  const condition =
    givewayVersion === undefined
      ? { expression: isSame, ...common }
      : {
          expression: `${isSame} AND #giveway = :giveway`,
          names: { ...names, '#giveway': attribute.givewayVersion },
          values: { ...common.values, ':giveway': { S: givewayVersion } },
        };
  return {
    ...condition,
    holds(found) {
      const stored = found && decodeItem(found);
      return stored?.recordVersionNumber === recordVersionNumber && stored.givewayVersion === givewayVersion && !stored.isReleased;
    },
  };
}

/** An update, not a deletion. The new version tells this release from any other when its answer is lost. */
export function toReleased(state: ItemState, nextVersion: string): Update {
  const condition = isAt(state);
  return {
    condition: { ...condition, values: { ...condition.values, ':next': { S: nextVersion } } },
    update: 'SET #released = :released, #version = :next',
  };
}

/**
 * DynamoDB cannot add to a text, but to a list. `recordVersionNumber` stays: by its standing still everybody knows a dead holder,
 * so a new one would keep it alive as long as anybody waits.
 */
export function toAppended(state: ItemState, text: string, nextGivewayVersion: string): Update {
  const condition = isAt(state);
  const values = { ':next': { S: nextGivewayVersion }, ':none': { L: [] }, ':text': { L: [{ S: text }] } };
  return {
    condition: {
      ...condition,
      names: { ...condition.names, '#appended': attribute.appended },
      values: { ...condition.values, ...values },
    },
    update: 'SET #giveway = :next, #appended = list_append(if_not_exists(#appended, :none), :text)',
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
