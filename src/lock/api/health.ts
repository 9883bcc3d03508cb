import { StoreUnavailableError } from '../errors.ts';
import type { Shell } from '../shell/shell.ts';
import type { StoreTraits } from '../store.ts';

/** What `health()` answers, for readiness probes. */
export interface StoreHealth {
  readonly ok: boolean;
  readonly store: StoreTraits['name'];
  /** Of one read, in milliseconds. */
  readonly latencyMs: number;
  readonly heldLocks: number;
  readonly error?: StoreUnavailableError;
}

/** Asks the store for what is under `key`; the answer does not matter. Never rejects. */
export async function probe(shell: Shell, key: string, heldLocks: number): Promise<StoreHealth> {
  const { clock, store } = shell;
  const startMs = clock.monotonicMs();
  const answer = await shell.ask(key).then(
    () => undefined,
    (error: unknown) => error,
  );
  const seen = { store: store.traits.name, latencyMs: clock.monotonicMs() - startMs, heldLocks };
  if (answer === undefined) return { ok: true, ...seen };
  const error = answer instanceof StoreUnavailableError ? answer : new StoreUnavailableError('The store failed', { cause: answer });
  return { ok: false, ...seen, error };
}
