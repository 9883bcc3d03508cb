import { type Clock, systemClock } from '../lock/clock.ts';
import { StoreUnavailableError } from '../lock/errors.ts';
import { checkFields, count } from '../lock/plan/options.ts';
import type { LockStore, Version } from '../lock/store.ts';

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

const known: readonly string[] = ['failures', 'halfOpenAfterMs', 'serverOf', 'clock'] satisfies (keyof BreakerOptions)[];

/** One server's breaker: asked before each call that may be refused, told how each call ended. */
export class Breaker {
  readonly #failures: number;
  readonly #halfOpenAfterMs: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #failuresInARow = 0;
  /** Calls are refused until then. `undefined`: the circuit is closed. */
  #retryAtMs: number | undefined;
  #lastFailure: unknown;

  constructor(options: BreakerOptions = {}) {
    checkFields(options, { failures: count, halfOpenAfterMs: count }, 'breaker.', known);
    const { failures = 3, halfOpenAfterMs = 1_000, clock = systemClock } = options;
    this.#failures = failures;
    this.#halfOpenAfterMs = halfOpenAfterMs;
    this.#clock = clock;
  }

  /** The error to refuse a call with. `undefined`: let it through. */
  refuses(): StoreUnavailableError | undefined {
    if (this.#retryAtMs === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#retryAtMs) return refusal(this.#lastFailure, this.#retryAtMs - nowMs);
    this.#retryAtMs = nowMs + this.#halfOpenAfterMs; // this call goes to see; the others are refused until it has
    return undefined;
  }

  /** There was an answer, "no" included. */
  succeeded(): void {
    this.#failuresInARow = 0;
    this.#retryAtMs = undefined;
  }

  /** Only a `StoreUnavailableError` is a failure, and not if a server that works said no: to the set-up, or to one key. */
  failed(error: unknown): void {
    if (!(error instanceof StoreUnavailableError)) return;
    if (error.concerns !== 'server' || error.code === 'ERR_GIVEWAY_QUARANTINE') {
      this.succeeded();
      return;
    }
    this.#lastFailure = error;
    this.#failuresInARow += 1;
    if (this.#failuresInARow >= this.#failures || this.#retryAtMs !== undefined)
      this.#retryAtMs = this.#clock.monotonicMs() + this.#halfOpenAfterMs;
  }
}

/**
 * Wraps a store so that a dead server costs its callers a deadline a few times, and not every time.
 *
 * While the breaker is open, `create` and `read` reject at once with `StoreUnavailableError`, whose `cause` is the last
 * failure. `replace`, `append` and `remove` always go through: a renewal or a release must not be lost to a breaker, and its
 * success closes it. Only a `StoreUnavailableError` that `concerns` the server is a failure; any other answer, "no" included, is a
 * success.
 */
export function withBreaker(store: LockStore, options: BreakerOptions = {}): LockStore {
  const { serverOf = () => '' } = options;
  const circuits = new Map<string, Circuit>([['', circuitWith(options)]]); // refuses bad options now

  function circuitOf(key: string): Circuit {
    const server = serverOf(key);
    let circuit = circuits.get(server);
    if (circuit === undefined) {
      circuit = circuitWith(options);
      circuits.set(server, circuit);
    }
    return circuit;
  }

  return {
    traits: store.traits,
    read(key) {
      const circuit = circuitOf(key);
      return circuit.refused() ?? circuit.watched(store.read(key));
    },
    create(key, value, ttlMs) {
      const circuit = circuitOf(key);
      return circuit.refused() ?? circuit.watched(store.create(key, value, ttlMs));
    },
    replace: (key, value, version, ttlMs) => circuitOf(key).watched(store.replace(key, value, version, ttlMs)),
    remove: (key, version) => circuitOf(key).watched(store.remove(key, version)),
    ...(store.append && {
      append: (key: string, text: string, version: Version) =>
        circuitOf(key).watched((store.append as NonNullable<LockStore['append']>)(key, text, version)),
    }),
    ...(store.subscribe && { subscribe: store.subscribe.bind(store) }),
    ...(store.list && { list: store.list.bind(store) }),
    ...(store.recognize && { recognize: store.recognize.bind(store) }),
    ...(store.onNotice && { onNotice: store.onNotice.bind(store) }),
    close: () => store.close(),
  };
}

/** A breaker for calls that are promises. It costs one promise per call. */
interface Circuit {
  refused(): Promise<never> | undefined;
  watched<T>(answer: Promise<T>): Promise<T>;
}

function circuitWith(options: BreakerOptions): Circuit {
  const breaker = new Breaker(options);
  const onAnswer = <T>(answer: T): T => {
    breaker.succeeded();
    return answer;
  };
  const onError = (error: unknown): never => {
    breaker.failed(error);
    throw error;
  };
  return {
    refused() {
      const error = breaker.refuses();
      return error && Promise.reject(error);
    },
    watched: (answer) => answer.then(onAnswer, onError),
  };
}

function refusal(lastFailure: unknown, restMs: number): StoreUnavailableError {
  const words = lastFailure instanceof Error ? lastFailure.message : String(lastFailure);
  return new StoreUnavailableError(`Not asked for another ${Math.ceil(restMs)} ms, after failures in a row; the last: ${words}`, {
    cause: lastFailure,
  });
}
