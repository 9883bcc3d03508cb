import type { Holder } from '../holder.ts';
import { decodeRecord, toHolder, toWaitingHolder } from '../record/record.ts';
import type { Entry } from '../store.ts';

/** Who holds a resource, then who waits for it, in order. A record that cannot be read names nobody. */
export function holdersIn(entry: Entry | undefined, resource: string): readonly Holder[] {
  const record = entry === undefined ? undefined : decodeRecord(entry.value);
  if (record === undefined) return [];
  return [
    ...record.holders.map((holder) => toHolder(resource, holder)),
    ...record.line.map((waiting, index) => toWaitingHolder(resource, waiting, index + 1)),
  ];
}
