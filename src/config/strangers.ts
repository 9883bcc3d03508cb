import type { Stats } from 'node:fs';

/** Whose process this is. `undefined`: a platform without owners, as Windows. */
export interface Self {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** This process. */
function self(): Self {
  return { uid: process.geteuid?.(), gid: process.getegid?.() };
}

/**
 * Who else could have put there what stands in a folder or file; `undefined`: nobody. What is found by a search is run, so it must
 * be the user's own, or root's, who can do anything anyway.
 */
export function strangerWith({ uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>, me: Self = self()): string | undefined {
  if (me.uid === undefined) return undefined;
  if (uid !== me.uid && uid !== 0) return `user ${uid} owns it`;
  if ((mode & 0o002) !== 0) return 'everybody can write to it';
  // A user's private group has the user's number, and nobody else in it; what a container's user may write is often root's group's.
  const isPrivate = gid === 0 || (gid === me.uid && gid === me.gid);
  return (mode & 0o020) !== 0 && !isPrivate ? `group ${gid} can write to it` : undefined;
}
