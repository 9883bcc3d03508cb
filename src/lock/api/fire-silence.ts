import type { EventName, LockerEvents } from '../events.ts';
import { firePrefix } from '../plan/names.ts';

/** What is told of tables. A lock that is lost, or could not be let go, is told of in any case. */
const ofTables: ReadonlySet<EventName> = new Set(['acquired', 'busy', 'waiting', 'skipped', 'released', 'extended', 'starving']);

/** A fire is no table: whoever takes one tells of it by the event `fire`, and of its lock nothing else is told. */
export function isTold(event: EventName, told: LockerEvents[EventName]): boolean {
  if (!ofTables.has(event)) return true;
  const { resource, scope } = told as Partial<LockerEvents['skipped']>;
  return (resource ?? scope?.writes[0] ?? scope?.appends[0])?.startsWith(firePrefix) !== true;
}
