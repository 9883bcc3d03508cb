import { createHash } from 'node:crypto';
import { type Holder, printable } from '../lock/holder.ts';
import type { SeenHolder } from '../observe/index.ts';
import type { HolderView } from './view.ts';

export function viewOf(holder: Holder): HolderView {
  return { id: holderId(holder), ...viewOfSeen(holder) };
}

export function viewOfSeen({ mode, job, host, pid, since, latestEnd }: SeenHolder): Omit<HolderView, 'id'> {
  return {
    mode,
    job: job ? printable(job) : undefined,
    host: printable(host || 'an unknown host'),
    pid,
    sinceMs: since.getTime(),
    latestEndMs: latestEnd?.getTime(),
  };
}

/** A token is a secret; its hash names the hold as well. */
export function holderId({ token }: Pick<Holder, 'token'>): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32);
}
