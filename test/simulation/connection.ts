import { type LockStore, StoreUnavailableError, type Version as StoreVersion } from '../../src/index.ts';
import type { Answer, Backend, Request, Version } from './backend.ts';
import type { Kind } from './kinds.ts';
import type { Pushes } from './pushes.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Timeline } from './timeline.ts';

/** What becomes of one request. Latencies are one way; `late` comes after the deadline, with or without having been done. */
export interface Fate {
  readonly what: 'answered' | 'refused' | 'lost before' | 'lost after' | 'never';
  readonly thereMs: number;
  readonly backMs: number;
}

/** One process's way to the backend: the port, over a wire that may fail. */
export interface Connection {
  readonly store: LockStore;
  readonly requests: number;
  /** Requests that have not come back. */
  readonly underWay: number;
  /** Requests that were not answered: what they asked for may be done now, later, or never. */
  readonly doubts: number;
  readonly subscriptions: number;
}

export interface ConnectionSettings {
  readonly kind: Kind;
  readonly process: SimulatedProcess;
  readonly backend: Backend;
  readonly timeline: Timeline;
  readonly pushes: Pushes;
  /** After so long the store gives a call up. */
  readonly deadlineMs: number;
  fate(request: Request): Fate;
  sent(request: Request): void;
  /** `wrote` is what a write that was done asked for. `error`: it came back without an answer. */
  came(request: Request, answer: Answer, error: string | undefined, sentMs: number): void;
  /** The store calls, and says what stands there, or stood there a while ago. */
  called(key: string, value: string): void;
}

export function createConnection(settings: ConnectionSettings): Connection {
  const { kind, process, backend, timeline, pushes, deadlineMs } = settings;
  let faults = 0;
  let requests = 0;
  let underWay = 0;
  let doubts = 0;
  let subscriptions = 0;

  const epoch = (): string => `${backend.runs}.${faults}`;

  /** Does it at the backend as soon as that listens. */
  function arrive(request: Request, sent: { readonly connection: string; readonly run: number }, then: (answer: Answer) => void): void {
    // What was under way to a server that has restarted since never comes to the new one.
    if (backend.runs !== sent.run) return;
    const standsMs = backend.standsMs;
    if (standsMs > 0) timeline.after(standsMs, () => arrive(request, sent, then));
    else then(backend.apply(request, process.name, sent.connection));
  }

  function ask(request: Request): Promise<Answer> {
    requests++;
    underWay++;
    settings.sent(request);
    const sentMs = timeline.nowMs;
    const { what, thereMs, backMs } = settings.fate(request);
    const connection = { connection: epoch(), run: backend.runs };
    return new Promise((resolve, reject) => {
      let over = false;
      let isHere = false;
      const come = (answer: Answer, error: string | undefined): unknown => {
        if (over) return undefined;
        over = true;
        deadline[Symbol.dispose]();
        underWay--;
        settings.came(request, answer, error, sentMs);
        if (error === undefined) return resolve(answer);
        doubts++;
        if (error !== 'refused') faults++;
        return reject(new StoreUnavailableError(`simulated: ${request.what} ${error}`));
      };
      // A deadline that fires late lets the process read first what has arrived.
      const deadline = timeline.after(deadlineMs, () => process.deliver(() => void (isHere || come(undefined, 'not answered in time'))));
      const bring = (answer: Answer, error?: string): void => {
        isHere = true;
        process.deliver(() => come(answer, error));
      };
      if (what === 'refused') timeline.after(thereMs + backMs, () => bring(undefined, 'refused'));
      else if (what === 'lost before') timeline.after(thereMs + backMs, () => bring(undefined, 'lost before it was done'));
      else if (what !== 'never')
        timeline.after(thereMs, () =>
          arrive(request, connection, (answer) =>
            timeline.after(backMs, () => bring(answer, what === 'lost after' ? 'lost after it was done' : undefined)),
          ),
        );
    });
  }

  const versionOf = (answer: Answer): StoreVersion | undefined => answer?.version;

  const store: LockStore = {
    traits: kind.traits,
    read: (key) => ask({ what: 'read', key }),
    create: (key, value, ttlMs) => ask({ what: 'create', key, value, ttlMs }).then(versionOf),
    replace: (key, value, version, ttlMs) => ask({ what: 'replace', key, value, version: version as Version, ttlMs }).then(versionOf),
    remove: (key, version) => ask({ what: 'remove', key, version: version as Version }).then((answer) => answer !== undefined),
    ...(kind.traits.appends && {
      append: (key: string, text: string, version: StoreVersion) =>
        ask({ what: 'append', key, text, version: version as Version }).then(versionOf),
    }),
    ...(kind.traits.pushes && {
      subscribe(key: string, onChange: Parameters<NonNullable<LockStore['subscribe']>>[1]) {
        subscriptions++;
        const hear: typeof onChange = (entry) => {
          if (entry !== undefined) settings.called(key, entry.value);
          onChange(entry);
        };
        const subscription = pushes.subscribe(process, key, hear, epoch);
        let over = false;
        return {
          [Symbol.dispose]: () => {
            if (!over) subscriptions--;
            over = true;
            subscription[Symbol.dispose]();
          },
        };
      },
    }),
    close: async () => {},
  };

  return {
    store,
    get requests() {
      return requests;
    },
    get underWay() {
      return underWay;
    },
    get doubts() {
      return doubts;
    },
    get subscriptions() {
      return subscriptions;
    },
  };
}
