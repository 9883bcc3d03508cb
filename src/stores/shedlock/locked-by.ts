import type { Entrant } from '../../lock/record/record.ts';
import { type Found, tokenOf, uuidForm, uuidOf } from './holder.ts';

/** What stands in `locked_by`: new at every acquisition, where ShedLock's own is the host's name alone. At most `longest` characters. */
export function lockedByOf(holder: Entrant, longest: number): string {
  return `giveway:${uuidOf(holder)}@${holder.host}`.slice(0, longest);
}

/** The shortest `locked_by` that tells one acquisition from another. */
export const leastLockedBy: number = 'giveway:00000000-0000-0000-0000-000000000000@'.length;

const ours = new RegExp(`^giveway:(${uuidForm})@(.*)$`, 's');

/** `acquisition` tells those of one host apart, for whom `locked_by` is the same. */
export function holderIn(lockedBy: string, acquisition: string): Pick<Found, 'token' | 'host' | 'isFinal'> {
  const [, uuid, host] = ours.exec(lockedBy) ?? [];
  if (uuid !== undefined && host !== undefined) return { token: tokenOf(uuid), host };
  // ShedLock's `lockAtMostFor` is its promise to end.
  return { token: `${lockedBy} ${acquisition}`, host: lockedBy, isFinal: true };
}
