import { createHash } from 'node:crypto';
import { type Holder, printable } from '../lock/holder.ts';
import type { SeenHolder } from '../observe/index.ts';
import type { HolderView } from './view.ts';

const longestText = 160;

export function viewOf(holder: Holder): HolderView {
  return { id: holderId(holder), ...viewOfSeen(holder) };
}

export function viewOfSeen({ mode, job, host, pid, since, latestEnd }: SeenHolder): Omit<HolderView, 'id'> {
  return {
    mode,
    job: job === undefined ? undefined : shortText(job),
    host: shortText(host),
    pid,
    sinceMs: since.getTime(),
    latestEndMs: latestEnd?.getTime(),
  };
}

/** A token is a secret; its hash names the hold as well. */
export function holderId({ token }: Pick<Holder, 'token'>): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32);
}

/** A job's name is anybody's: ten kilobytes of it are no use on a page, nor is what turns the reading direction. */
export function shortText(text: string): string {
  const characters = [...text.slice(0, longestText + 1)];
  return printable(text.length > longestText ? `${characters.slice(0, -1).join('')}…` : text);
}
