import type { Breaker } from '../breaker.ts';
import { closedError } from '../closed.ts';
import { createDeadlines } from '../deadlines.ts';
import type { Adapter } from './adapter.ts';
import { Call, type Conclude, type Ground } from './call.ts';
import type { RedisClient } from './client.ts';
import { explain } from './failures.ts';
import { KnownScripts } from './known-scripts.ts';
import { followClient } from './presence.ts';

export interface Requests {
  /** Sends one command on `key` and answers within the deadline; whatever goes wrong is a `StoreUnavailableError`. */
  ask<T>(key: string, name: string, args: string[], conclude: Conclude<T>): Promise<T>;
  /** The same for what starts from nothing: refused while the breaker is open. A renewal or a release must not be lost to it. */
  begin<T>(key: string, name: string, args: string[], conclude: Conclude<T>): Promise<T>;
  /** Grows whenever the connection breaks. */
  readonly losses: number;
  /** From now on every request is refused. The client stays as it is. */
  close(): void;
}

export function createRequests(client: RedisClient, adapter: Adapter, timeoutMs: number, breaker: Breaker | undefined): Requests {
  const presence = followClient(client, adapter);
  const ground: Ground = {
    adapter,
    presence,
    scripts: new KnownScripts(),
    breaker,
    deadlines: createDeadlines<Call>(timeoutMs, (call) => call.late()),
    explained(error) {
      const { lastError, isTurnedAway, wasReady } = presence;
      return explain(error, { state: adapter.state, timeoutMs, lastError, isTurnedAway, wasReady });
    },
  };
  let isClosed = false;

  function ask<T>(key: string, name: string, args: string[], conclude: Conclude<T>): Promise<T> {
    if (isClosed) return Promise.reject(closedError('redis'));
    return new Call(ground, key, name, args, conclude as Conclude<unknown>).begin() as Promise<T>;
  }

  return {
    ask,
    get losses() {
      return presence.losses;
    },
    begin(key, name, args, conclude) {
      const refusal = breaker?.refuses();
      return refusal === undefined ? ask(key, name, args, conclude) : Promise.reject(refusal);
    },
    close() {
      isClosed = true;
      presence.leave();
    },
  };
}
