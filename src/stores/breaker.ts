import { type Clock, systemClock } from '../lock/clock.ts';
import { InvalidOptionError, StoreUnavailableError } from '../lock/errors.ts';
import type { LockStore } from '../lock/store.ts';

/** Options of `withBreaker`. */
export interface BreakerOptions {
  /** After how many failures in a row calls are refused. Default 3; at least 1. */
  readonly failures?: number;
  /** How long they are refused, in milliseconds, before one is let through to see. Default 1 000; at least 1. */
  readonly halfOpenAfterMs?: number;
  /** The server that a key lives on; each has a breaker of its own. Default: one for the whole store. */
  readonly serverOf?: (key: string) => string;
  /** Default: the machine's own. */
  readonly clock?: Pick<Clock, 'monotonicMs'>;
}

/**
 * Wraps a store so that a dead server costs its callers a deadline a few times, and not every time.
 *
 * While the breaker is open, `create` and `read` reject at once with `StoreUnavailableError`, whose `cause` is the last
 * failure. `replace` and `remove` always go through: a renewal or a release must not be lost to a breaker, and its success
 * closes it. Only `StoreUnavailableError` is a failure; any answer, "no" included, is a success.
 */
export function withBreaker(store: LockStore, options: BreakerOptions = {}): LockStore {
  checkNames(options);
  const { failures = 3, halfOpenAfterMs = 1_000, serverOf = () => '', clock = systemClock } = options;
  checkWholeNumber('breaker.failures', failures);
  checkWholeNumber('breaker.halfOpenAfterMs', halfOpenAfterMs);
  const circuits = new Map<string, Circuit>();

  function circuitOf(key: string): Circuit {
    const server = serverOf(key);
    let circuit = circuits.get(server);
    if (circuit === undefined) {
      circuit = { failuresInARow: 0, retryAtMs: undefined, lastFailure: undefined };
      circuits.set(server, circuit);
    }
    return circuit;
  }

  /** `undefined`: let it through. No async function here: every call would pay for it. */
  function refused(circuit: Circuit): Promise<never> | undefined {
    if (circuit.retryAtMs === undefined) return undefined;
    const nowMs = clock.monotonicMs();
    if (nowMs < circuit.retryAtMs) return Promise.reject(refusal(circuit.lastFailure, circuit.retryAtMs - nowMs));
    circuit.retryAtMs = nowMs + halfOpenAfterMs; // this call goes to see; the others are refused until it has
    return undefined;
  }

  async function watched<T>(circuit: Circuit, answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      close(circuit);
      return value;
    } catch (error) {
      if (isFailure(error)) {
        circuit.lastFailure = error;
        circuit.failuresInARow++;
        if (circuit.failuresInARow >= failures || circuit.retryAtMs !== undefined)
          circuit.retryAtMs = clock.monotonicMs() + halfOpenAfterMs;
      } else if (isAnswer(error)) close(circuit);
      throw error;
    }
  }

  return {
    traits: store.traits,
    read(key) {
      const circuit = circuitOf(key);
      return refused(circuit) ?? watched(circuit, store.read(key));
    },
    create(key, value, ttlMs) {
      const circuit = circuitOf(key);
      return refused(circuit) ?? watched(circuit, store.create(key, value, ttlMs));
    },
    replace: (key, value, version, ttlMs) => watched(circuitOf(key), store.replace(key, value, version, ttlMs)),
    remove: (key, version) => watched(circuitOf(key), store.remove(key, version)),
    ...(store.append && {
      append: (key, text, version) => watched(circuitOf(key), (store.append as NonNullable<LockStore['append']>)(key, text, version)),
    }),
    ...(store.subscribe && { subscribe: store.subscribe.bind(store) }),
    ...(store.list && { list: store.list.bind(store) }),
    ...(store.onNotice && { onNotice: store.onNotice.bind(store) }),
    close: () => store.close(),
  };
}

/** One server's breaker. */
interface Circuit {
  failuresInARow: number;
  /** Calls are refused until then. `undefined`: the circuit is closed. */
  retryAtMs: number | undefined;
  lastFailure: unknown;
}

function close(circuit: Circuit): void {
  circuit.failuresInARow = 0;
  circuit.retryAtMs = undefined;
}

/** Refusals by a server that did answer. */
const answers: readonly string[] = ['ERR_GIVEWAY_NO_CAS', 'ERR_GIVEWAY_QUARANTINE', 'ERR_GIVEWAY_TABLE_MISSING'];

function isAnswer(error: unknown): boolean {
  return error instanceof StoreUnavailableError && answers.includes(error.code);
}

function isFailure(error: unknown): boolean {
  return error instanceof StoreUnavailableError && !answers.includes(error.code);
}

function refusal(lastFailure: unknown, restMs: number): StoreUnavailableError {
  const words = lastFailure instanceof Error ? lastFailure.message : String(lastFailure);
  return new StoreUnavailableError(`Not asked for another ${Math.ceil(restMs)} ms, after failures in a row; the last: ${words}`, {
    cause: lastFailure,
  });
}

const known: readonly string[] = ['failures', 'halfOpenAfterMs', 'serverOf', 'clock'] satisfies (keyof BreakerOptions)[];

function checkNames(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw new InvalidOptionError('breaker', options, 'an object or false is allowed');
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new InvalidOptionError(`breaker.${unknown}`, 'an unknown option', 'failures, halfOpenAfterMs and clock are allowed');
}

function checkWholeNumber(path: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw new InvalidOptionError(path, value, 'a whole number from 1 up is allowed');
}
