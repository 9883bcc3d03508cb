import { isAmbiguous } from './errors.ts';

/** What became of the sends of one command; the SDK sends again by itself after throttling, lost connections and server errors. */
export interface Attempts {
  /** 0: not even the first; the SDK still looks for credentials. */
  readonly sent: number;
  /** Did one of them end in a way that leaves open whether it took effect, or has not ended? */
  readonly ambiguous: boolean;
  /** The error of the last one, while the SDK waits to send again. */
  readonly lastError: unknown;
}

/** The part of an SDK command that lets us watch. */
interface Watchable {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: unknown) => Promise<unknown>) => (args: unknown) => Promise<unknown>,
      place: { step: 'deserialize'; priority: 'high'; name: string },
    ): void;
  };
}

/** Watches the sends of `command`. The step of deserialising is inside the SDK's loop of retries, so it runs once for each. */
export function watchAttempts(command: object): Attempts {
  const attempts = { sent: 0, ambiguous: false, lastError: undefined as unknown, underWay: 0 };
  const watch =
    (next: (args: unknown) => Promise<unknown>) =>
    async (args: unknown): Promise<unknown> => {
      attempts.sent += 1;
      attempts.underWay += 1;
      attempts.lastError = undefined;
      try {
        return await next(args);
      } catch (error) {
        attempts.lastError = error;
        attempts.ambiguous ||= isAmbiguous(error);
        throw error;
      } finally {
        attempts.underWay -= 1;
      }
    };
  (command as Watchable).middlewareStack.add(watch, { step: 'deserialize', priority: 'high', name: 'givewayAttempts' });
  return {
    get sent() {
      return attempts.sent;
    },
    get ambiguous() {
      return attempts.ambiguous || attempts.underWay > 0;
    },
    get lastError() {
      return attempts.lastError;
    },
  };
}
