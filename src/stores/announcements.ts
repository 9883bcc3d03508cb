import type { Entry } from '../lock/store.ts';
import type { Subscribers } from './subscribers.ts';

/**
 * Hears what is said on the one channel of a store: the key that has changed; and just before that, where it was replaced,
 * the key with what stands there now, after a line end. Version 0.1.0 knows the first form alone, and takes the second for a key
 * that nobody waits for. Both come from one atomic step, so nothing is said between them but on a cluster; then we tell twice.
 */
export function hearAnnouncements(subscribers: Subscribers, entryIn: (text: string) => Entry | undefined): (message: string) => void {
  let justTold: string | undefined;
  return (message) => {
    const keyEnds = message.indexOf('\n');
    const now = keyEnds === -1 ? undefined : entryIn(message.slice(keyEnds + 1));
    const key = now === undefined ? message : message.slice(0, keyEnds);
    const isKnown = now === undefined && key === justTold;
    justTold = now && key;
    if (!isKnown) subscribers.tell(key, now);
  };
}
