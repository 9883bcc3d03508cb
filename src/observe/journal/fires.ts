import type { LockerEvents } from '../../lock/events.ts';
import { firePrefix } from '../../lock/plan/names.ts';

/**
 * What a fire is written down under, in the column of the resources: as the previous version did, whose processes share the table, so that
 * each reads what the other wrote.
 */
export function fireKey({ name, slot }: Pick<LockerEvents['fire'], 'name' | 'slot'>): string {
  return `${firePrefix}${name}${slot === undefined ? '' : `:${slot.toISOString()}`}`;
}

/** A slot, or the number of a run by hand. */
const slotAtEnd = /:(?:(\d{4}-\d\d-\d\dT[\d:.]+Z)|[\da-f-]{36})$/;

/** `undefined`: it is a table. */
export function fireOf(key: string): { readonly name: string; readonly slot: Date | undefined } | undefined {
  if (!key.startsWith(firePrefix)) return undefined;
  const [, slot] = slotAtEnd.exec(key) ?? [];
  return { name: key.slice(firePrefix.length).replace(slotAtEnd, ''), slot: slot === undefined ? undefined : new Date(slot) };
}
