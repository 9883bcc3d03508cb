import { setImmediate } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { endsSession, sqlStateOf } from './sql-state.ts';

/** How the session of a client ended, if it did. */
export interface SessionEnd {
  /** The first that was heard of it: the server's own word, where it sent one. */
  readonly error: Error | undefined;
  /** A statement of the session failed. */
  failed(error: unknown): void;
  /** `error`, or what is behind it where it only says that there is no connection. */
  behind(error: unknown): unknown;
  /** Lets the event loop read what has arrived: a process that was busy may not have heard of the end. */
  settled(): Promise<void>;
  /** Listens no more. */
  stop(): void;
}

export function watchEnd(client: PoolClient): SessionEnd {
  let end: Error | undefined;
  const hear = (error: Error): void => {
    end ??= error;
  };
  client.on('error', hear);
  return {
    get error() {
      return end;
    },
    failed(error) {
      if (endsSession(error)) hear(error as Error);
    },
    behind(error) {
      const { message } = (error ?? {}) as { message?: unknown };
      const isBare = /^(?:Connection terminated|Client has encountered a connection error)/.test(String(message));
      return isBare ? (end ?? error) : error;
    },
    async settled() {
      // The first may come before the sockets are looked at, the second not.
      for (let turn = 0; turn < 2; turn++) await setImmediate();
    },
    stop: () => void client.off('error', hear),
  };
}

/** For a message: what the server said, with its code. */
export function saidAtEnd(end: Error): string {
  const code = sqlStateOf(end);
  return code === undefined ? end.message : `${code}, ${end.message}`;
}
