import type { LogReader } from './entry.ts';

/**
 * Hands over what comes in pieces; `read` says where that begins which it could not make out yet. It is given that again only with
 * as much behind it, else an entry as long as many pieces would be looked at once for each of them.
 */
export async function feed(pieces: AsyncIterable<string>, read: LogReader['read']): Promise<void> {
  let rest = '';
  let more: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    more.push(piece);
    length += piece.length;
    if (length < rest.length) continue;
    const text = rest + more.join('');
    const done = read(text, false);
    rest = done === text.length ? '' : text.slice(done);
    more = [];
    length = 0;
  }
  read(rest + more.join(''), true);
}
