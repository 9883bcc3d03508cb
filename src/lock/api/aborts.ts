/** One listener for each signal, however many wait on it: Node warns of more than ten, and keeps each for as long as the signal lives. */
interface Hearers {
  readonly all: Set<() => void>;
  readonly tell: () => void;
}

const hearersOf = new WeakMap<AbortSignal, Hearers>();

/** Calls `hear` once when `signal` aborts, if it has not been disposed before. */
export function onAbort(signal: AbortSignal, hear: () => void): Disposable {
  let hearers = hearersOf.get(signal);
  if (hearers === undefined) {
    const all = new Set<() => void>();
    hearers = { all, tell: () => tellAll(signal, all) };
    hearersOf.set(signal, hearers);
    signal.addEventListener('abort', hearers.tell, { once: true });
  }
  hearers.all.add(hear);
  return { [Symbol.dispose]: () => forget(signal, hear) };
}

/** What a wait that was given up rejects with, as Node's own APIs do. */
export function aborted(resource: string, signal: AbortSignal | undefined): Error {
  const error = new Error(`Waiting for "${resource}" was aborted`, { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

function forget(signal: AbortSignal, hear: () => void): void {
  const hearers = hearersOf.get(signal);
  if (hearers === undefined || !hearers.all.delete(hear) || hearers.all.size > 0) return;
  hearersOf.delete(signal);
  signal.removeEventListener('abort', hearers.tell);
}

function tellAll(signal: AbortSignal, all: Set<() => void>): void {
  hearersOf.delete(signal);
  for (const hear of [...all]) hear();
}
