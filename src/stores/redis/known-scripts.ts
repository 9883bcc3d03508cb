import { createHash } from 'node:crypto';
import { messageOf } from './replies.ts';

/**
 * Which scripts the server knows by now, so that a digest stands for them: it saves the server a hash of each text, a tenth of what a
 * pair takes it. Whoever restarts it breaks the connection, so the first use on each connection tells the whole text.
 */
export class KnownScripts {
  readonly #digests = new Map<string, string>();
  /** For those that were sent on the present connection: how often it had broken by then. */
  readonly #toldAfterLosses = new Map<string, number>();
  #isForbidden = false;

  /** What `text` is called on the connection that came after so many losses; `undefined`: it must be told. */
  digestOf(text: string, losses: number): string | undefined {
    return !this.#isForbidden && this.#toldAfterLosses.get(text) === losses ? this.#digests.get(text) : undefined;
  }

  /** The server has run it. */
  told(text: string, losses: number): void {
    if (!this.#digests.has(text)) this.#digests.set(text, createHash('sha1').update(text).digest('hex'));
    this.#toldAfterLosses.set(text, losses);
  }

  /** Was the digest refused, and the script not run? Another node does not know it, it was forgotten, or the user may say `EVAL` alone. */
  isRefused(text: string, error: unknown): boolean {
    const message = messageOf(error);
    const isForbidden = message.startsWith('NOPERM') && /evalsha/i.test(message);
    if (isForbidden) this.#isForbidden = true;
    else if (message.startsWith('NOSCRIPT')) this.#toldAfterLosses.delete(text);
    else return false;
    return true;
  }
}
