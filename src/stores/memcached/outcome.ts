import type { Status } from './request.ts';

/**
 * One write, as a step from what must be there to what shall be there; `undefined` means nothing. So create is
 * `{ from: undefined, to }`, replace `{ from, to }`, append `{ from, to: from + text }` and remove `{ from, to: undefined }`.
 *
 * Every value that is written differs from every other, so comparing values is exact.
 */
export interface Change {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/**
 * What the reply to a write means. `inDoubt`: an earlier try of the same write was sent and never answered. Then a
 * refusal may come from that very try, and only a look at the key can tell. So it is when nothing was
 * appended: the server says the same of a key that is gone and of a value that has become too large.
 */
export function afterReply(status: Status, inDoubt: boolean): 'done' | 'refused' | 'look' | 'failed' {
  switch (status) {
    case 'ok':
      return 'done';
    case 'exists':
    case 'notFound':
      return inDoubt ? 'look' : 'refused';
    case 'notStored':
      return 'look';
    default:
      return 'failed';
  }
}

/**
 * What a look at the key means: the write is done, is (still) to be made, or cannot be made any more.
 *
 * A remove in doubt that finds nothing is done: whether our delete was applied or the entry ended by itself, nothing of
 * ours is left. One that finds somebody else's value is refused, although ours may have been removed in between: nobody
 * can tell, and "no longer ours" is the careful answer.
 */
export function afterLook(found: string | undefined, { from, to }: Change, inDoubt: boolean): 'done' | 'write' | 'refused' {
  if (inDoubt && found === to) return 'done';
  return found === from ? 'write' : 'refused';
}
