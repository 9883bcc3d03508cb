import type { PoolClient } from 'pg';
import { GivewayError } from '../lock/errors.ts';
import { standIn } from './stand-in.ts';
import { failUnsent, type Send, tellingFailures } from './statement.ts';

/** Looks at what is given to `query` before it is sent. Throws to keep it from being sent. */
export type Judge = (statement: unknown) => void;

/** A pool's client whose every statement is judged first, and that cannot be given back from inside the work. `failed` hears of each statement that fails. */
export function judgedClient(client: PoolClient, judge: Judge, failed: (error: unknown, statement: unknown) => void): PoolClient {
  const send = tellingFailures((...args) => Reflect.apply(client.query as Send, client, args), failed);
  const query = (...args: unknown[]): unknown => {
    try {
      judge(args[0]);
    } catch (error) {
      return failUnsent(args, error);
    }
    return send(...args);
  };
  return standIn(client, { methods: { query, release: refuse, end: refuse } });
}

function refuse(): never {
  throw new GivewayError(
    'ERR_GIVEWAY_CLIENT',
    'The transaction gives its client back by itself; do not release or end it inside the work.',
  );
}
