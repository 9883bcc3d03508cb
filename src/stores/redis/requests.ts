import { StoreUnavailableError } from '../../lock/errors.ts';
import { withDeadline } from '../deadline.ts';
import type { Adapter } from './adapter.ts';
import type { RedisClient } from './client.ts';
import { explain, isErrorReply } from './failures.ts';
import { followClient } from './presence.ts';

/** What a command came to. */
interface Answer {
  readonly reply: unknown;
  /** The connection broke meanwhile: the command was sent twice, by us or by the client, and may have been done by the first. */
  readonly isRepeated: boolean;
}

export interface Requests {
  /** Sends one command on `key` and answers within the deadline; whatever goes wrong is a `StoreUnavailableError`. */
  ask(key: string, ...args: string[]): Promise<Answer>;
  /** From now on every request is refused. The client stays as it is. */
  close(): void;
}

/** A third loss within one deadline is no accident. */
const mostLosses = 3;

export function createRequests(client: RedisClient, adapter: Adapter, timeoutMs: number): Requests {
  const presence = followClient(client, adapter);
  let isClosed = false;

  async function askUntilAnswered(call: Call, key: string, args: string[]): Promise<Answer> {
    let isRepeated = false;
    for (let sends = 1; ; sends += 1) {
      await presence.untilReady(call);
      // The caller was told that there is no answer. What it asked for must not happen afterwards.
      if (call.isOver) throw new Error('connected too late');
      const lossesBefore = presence.losses;
      try {
        const reply = await adapter.send(key, args, timeoutMs);
        return { reply, isRepeated: isRepeated || presence.losses > lossesBefore };
      } catch (error) {
        if (isErrorReply(error) || call.isOver || sends === mostLosses || adapter.state === 'closed') throw error;
        isRepeated = true;
      }
    }
  }

  return {
    async ask(key, ...args) {
      if (isClosed) throw new StoreUnavailableError('The redis store was closed; open another one');
      const call: Call = { isOver: false, onGiveUp: () => {} };
      try {
        return await withDeadline(askUntilAnswered(call, key, args), timeoutMs, 'Redis', () => {
          call.isOver = true;
          call.onGiveUp();
        });
      } catch (error) {
        const { lastError, isTurnedAway } = presence;
        throw explain(error, { state: adapter.state, timeoutMs, lastError, isTurnedAway });
      }
    },
    close() {
      isClosed = true;
      presence.leave();
    },
  };
}

interface Call {
  isOver: boolean;
  onGiveUp: () => void;
}
