import type { EventName, Listener } from '../lock/events.ts';
import { type Holder, printable } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';

/** What an observer needs of a locker: its events, and where they happen. It can ask nothing of it, nor change anything. */
export interface Observed {
  /** Default: the machine's name. */
  readonly host?: string;
  on<E extends EventName>(event: E, listener: Listener<E>): unknown;
  off<E extends EventName>(event: E, listener: Listener<E>): unknown;
}

export type Listeners = { readonly [E in EventName]?: Listener<E> };

/** Subscribes all `listeners`, until disposed. */
export function listen(locker: Observed, listeners: Listeners): Disposable {
  const names = Object.keys(listeners) as EventName[];
  for (const name of names) locker.on(name, listeners[name] as Listener<EventName>);
  return {
    [Symbol.dispose]() {
      for (const name of names) locker.off(name, listeners[name] as Listener<EventName>);
    },
  };
}

/** A holder as it may be written down: a token is a secret, and what others call themselves may be anything of any length. */
export type SeenHolder = Omit<Holder, 'token'>;

export function seenHolders(holders: readonly Holder[]): readonly SeenHolder[] {
  return holders.map(({ token, ...seen }) => ({
    ...seen,
    ...(seen.job === undefined ? {} : { job: printable(seen.job) }),
    host: printable(seen.host),
  }));
}

/** Where a holder runs. A writer of another make may leave its host out. */
export function hostInWords({ host }: SeenHolder): string {
  return host || 'an unknown host';
}

/** The resources of a scope, as one word: `events`, or `events+visits`. */
export function scopeLabel({ writes, appends, reads }: ResolvedScope): string {
  if (writes.length === 1 && appends.length === 0 && reads.length === 0) return writes[0] as string;
  return [...writes, ...appends, ...reads].join('+');
}
