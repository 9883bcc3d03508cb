import { GivewayError } from '../errors.ts';

/** One listener for each signal, however many wait on it: Node warns of more than ten, and keeps each for as long as the signal lives. */
const hearersOf = new WeakMap<EventTarget, Set<() => void>>();

/** Calls `hear` once when `signal` aborts, if it has not been disposed before. */
export function onAbort(signal: AbortSignal, hear: () => void): Disposable {
  let hearers = hearersOf.get(signal);
  if (hearers === undefined) {
    hearers = new Set();
    hearersOf.set(signal, hearers);
    signal.addEventListener('abort', tellAll, { once: true });
  }
  hearers.add(hear);
  return { [Symbol.dispose]: () => forget(signal, hear) };
}

/** What a wait that was given up rejects with, as Node's own APIs do. */
export function aborted(resource: string, signal: AbortSignal | undefined): Error {
  const error = new Error(`Waiting for "${resource}" was aborted`, { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

/** What a call ends with that comes after `close()`, or waits when it is called. */
export function closedError(): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
}

function forget(signal: AbortSignal, hear: () => void): void {
  const hearers = hearersOf.get(signal);
  if (hearers === undefined || !hearers.delete(hear) || hearers.size > 0) return;
  hearersOf.delete(signal);
  signal.removeEventListener('abort', tellAll);
}

function tellAll(this: EventTarget): void {
  const hearers = hearersOf.get(this) ?? [];
  hearersOf.delete(this);
  for (const hear of [...hearers]) hear();
}
