import { type Clock, systemClock } from '../lock/clock.ts';
import { StoreUnavailableError } from '../lock/errors.ts';
import type { LockStore } from '../lock/store.ts';

/** The methods of a store that ask the backend. */
export type StoreMethod = 'read' | 'create' | 'replace' | 'remove' | 'append';

/** How often each method was called. */
type Calls = Record<Exclude<StoreMethod, 'append'>, number> & { append?: number };

/**
 * What goes wrong with a call.
 * - `reject-before`: the backend is never asked.
 * - `reject-after`: the backend did it, and its answer is lost.
 * - `hang-before`, `hang-after`: as above, but nothing comes back until `release()`; then the call goes on and answers.
 * - `no`: a definite no, without asking the backend.
 * - `{ delayMs }`: the backend is asked so much later.
 */
export type StoreFault = 'reject-before' | 'reject-after' | 'hang-before' | 'hang-after' | 'no' | { readonly delayMs: number };

/** Which calls a fault meets. */
export interface FaultAim {
  /** How many calls. Default: 1. `Infinity` until `disarm()`. */
  readonly times?: number;
  /** Only calls for keys that this accepts. Default: every key. */
  readonly key?: (key: string) => boolean;
}

/** A fault that waits for its call. */
export interface ArmedFault {
  /** Resolves when the fault has met its first call: before the backend is asked, or, for an `-after` fault, once it has answered. */
  readonly reached: Promise<void>;
  /** Lets go of the calls that hang, and of those that will. */
  release(): void;
  /** Meets no further call. Calls that hang are let go. */
  disarm(): void;
}

/** A store with faults to order. */
export interface FaultyStore extends LockStore {
  /** Arms a fault for one method, or `every` one. Faults are used up in the order they were armed. */
  arm(method: StoreMethod | 'every', fault: StoreFault, aim?: FaultAim): ArmedFault;
  /** Disarms every fault: the store is well again. */
  disarm(): void;
  /** Calls since the start or `resetCalls()`, faulty ones too. `append` is there once it was called: not every store has it. */
  readonly calls: Readonly<Calls>;
  resetCalls(): void;
}

/** Wraps `store` so that a test can make single calls fail, hang, be late or say no. `clock` times the delays. */
export function faultyStore(store: LockStore, { clock = systemClock }: { readonly clock?: Clock } = {}): FaultyStore {
  const calls: Calls = { read: 0, create: 0, replace: 0, remove: 0 };
  const { append } = store;
  /** Those used up too, since calls may still hang in them. */
  const traps = new Set<Trap>();

  async function call<T>(method: StoreMethod, key: string, ask: () => Promise<T>, no: T): Promise<T> {
    calls[method] = (calls[method] ?? 0) + 1;
    const trap = [...traps].find((candidate) => candidate.takes(method, key));
    return trap === undefined ? ask() : meet(trap, method, ask, no, clock);
  }

  return {
    traits: store.traits,
    ...(store.subscribe && { subscribe: store.subscribe.bind(store) }),
    ...(store.list && { list: store.list.bind(store) }),
    ...(store.recognize && { recognize: store.recognize.bind(store) }),
    ...(store.onNotice && { onNotice: store.onNotice.bind(store) }),
    close: () => store.close(),
    read: (key) => call('read', key, () => store.read(key), undefined),
    create: (key, value, ttlMs) => call('create', key, () => store.create(key, value, ttlMs), undefined),
    replace: (key, value, version, ttlMs) => call('replace', key, () => store.replace(key, value, version, ttlMs), undefined),
    remove: (key, version) => call('remove', key, () => store.remove(key, version), false),
    ...(append && { append: (key, text, version) => call('append', key, () => append.call(store, key, text, version), undefined) }),
    calls,
    resetCalls() {
      Object.assign(calls, { read: 0, create: 0, replace: 0, remove: 0 });
      delete calls.append;
    },
    arm(method, fault, aim = {}) {
      const trap = setTrap(method, fault, aim);
      traps.add(trap);
      return {
        reached: trap.reached,
        release: trap.release,
        disarm() {
          traps.delete(trap);
          trap.release();
        },
      };
    },
    disarm() {
      for (const trap of traps) trap.release();
      traps.clear();
    },
  };
}

interface Trap {
  readonly fault: StoreFault;
  readonly reached: Promise<void>;
  readonly released: Promise<void>;
  reach(): void;
  release(): void;
  /** Whether this call is for it; counts one use if so. */
  takes(method: StoreMethod, key: string): boolean;
}

function setTrap(method: StoreMethod | 'every', fault: StoreFault, { times = 1, key: accepts = () => true }: FaultAim): Trap {
  let left = times;
  let reach = (): void => {};
  let release = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    fault,
    reached,
    released,
    reach,
    release,
    takes(called, key) {
      if (left <= 0 || (method !== 'every' && method !== called) || !accepts(key)) return false;
      left -= 1;
      return true;
    },
  };
}

async function meet<T>({ fault, reach, released }: Trap, method: StoreMethod, ask: () => Promise<T>, no: T, clock: Clock): Promise<T> {
  if (fault === 'reject-after' || fault === 'hang-after') {
    const answer = await ask();
    reach();
    if (fault === 'reject-after') throw new StoreUnavailableError(`faultyStore: ${method} was done and its answer lost`);
    await released;
    return answer;
  }
  reach();
  if (fault === 'reject-before') throw new StoreUnavailableError(`faultyStore: ${method} was never sent`);
  if (fault === 'no') return no;
  if (fault === 'hang-before') await released;
  else await new Promise<void>((resolve) => void clock.setTimer(resolve, fault.delayMs));
  return ask();
}
