import type { PoolClient } from 'pg';
import { GivewayError } from '../lock/errors.ts';

/** Looks at each statement before it is sent. Throws to keep it from being sent. */
export type Judge = (sql: string | undefined) => void;

/** A pool's client whose every statement is judged first, and that cannot be given back from inside the work. */
export function judgedClient(client: PoolClient, judge: Judge): PoolClient {
  const query = (...args: unknown[]): unknown => {
    const callback = args.at(-1);
    try {
      judge(textOf(args[0]));
    } catch (error) {
      if (typeof callback !== 'function') return isSubmittable(args[0]) ? raise(error) : Promise.reject(error);
      process.nextTick(callback as (reason: unknown) => void, error);
      return undefined;
    }
    return (client.query as (...all: unknown[]) => unknown).apply(client, args);
  };
  return new Proxy(client, {
    get(target, name) {
      if (name === 'query') return query;
      if (name === 'release') return refuseRelease;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function textOf(statement: unknown): string | undefined {
  if (typeof statement === 'string') return statement;
  const { text } = (statement ?? {}) as { text?: unknown };
  return typeof text === 'string' ? text : undefined;
}

/** What pg calls a query that brings its own protocol: a cursor, a COPY stream. */
function isSubmittable(statement: unknown): boolean {
  return typeof (statement as { submit?: unknown } | undefined)?.submit === 'function';
}

function raise(error: unknown): never {
  throw error;
}

function refuseRelease(): never {
  throw new GivewayError('ERR_GIVEWAY_CLIENT', 'The transaction gives its client back by itself; do not release it inside the work.');
}
