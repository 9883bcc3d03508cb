import { onAbort } from '../lock/api/aborts.ts';

/** One fire: it waits for its lock, then it works. */
export interface Wait {
  /** For the lock: ends the wait, and later the work. */
  readonly signal: AbortSignal;
  /** The work begins. */
  over(): void;
  /** Lets go of what the signal listens to. */
  end(): void;
}

/** The fires of one task. */
export interface Waits {
  begin(): Wait;
  /** Ends the waits; what is at work goes on. */
  giveUp(): void;
}

/** `outer`, the caller's own signal, ends each fire, at work or not. */
export function createWaits(outer: AbortSignal | undefined): Waits {
  const waiting = new Set<AbortController>();
  return {
    begin() {
      const controller = new AbortController();
      const follow = (): void => controller.abort(outer?.reason);
      const following = outer && onAbort(outer, follow);
      if (outer?.aborted) follow();
      waiting.add(controller);
      return {
        signal: controller.signal,
        over: () => void waiting.delete(controller),
        end() {
          waiting.delete(controller);
          following?.[Symbol.dispose]();
        },
      };
    },
    giveUp() {
      for (const controller of waiting) controller.abort(new Error('The task was stopped.'));
    },
  };
}
