/** The Java client's default for the same cache. */
export const mostObservations = 10_000;

/** A state of one item as this process has seen it. The version is random and new at every write, so it stands for the state. */
export interface Observation {
  readonly recordVersionNumber: string;
  readonly leaseMs: number;
  /** Monotonic time at which the first answer that showed this version had arrived. */
  readonly sinceMs: number;
  /** Whose it is, and since when we have seen it in this hand. */
  readonly owner: string;
  readonly ownerSinceMs: number;
  /** It carries what must outlive its holder. */
  readonly carries: boolean;
}

export interface Observations {
  /** Notes what an answer showed. `nowMs` must be read after the answer came, or a holder could be buried early. */
  see(
    key: string,
    recordVersionNumber: string,
    leaseMs: number,
    nowMs: number,
    of?: Partial<Pick<Observation, 'owner' | 'carries'>>,
  ): Observation;
  /** The version under `key` if it has stood unchanged for longer than its lease: its holder is dead. */
  deadVersion(key: string, nowMs: number): string | undefined;
  /** The same, unless it carries something. */
  barrenVersion(key: string, nowMs: number): string | undefined;
  forget(key: string): void;
}

/**
 * Remembers at most `limit` items, across attempts; past that the one looked at longest ago goes.
 * What is dropped is only observed anew: that delays a takeover and allows nothing.
 */
export function createObservations(limit: number): Observations {
  const seen = new Map<string, Observation>();
  const dead = (key: string, nowMs: number): Observation | undefined => {
    const observation = seen.get(key);
    return observation !== undefined && isDead(observation, nowMs) ? observation : undefined;
  };
  return {
    see(key, recordVersionNumber, leaseMs, nowMs, { owner = '', carries = false } = {}) {
      const before = seen.get(key);
      const ownerSinceMs = before?.owner === owner ? before.ownerSinceMs : nowMs;
      const observation =
        before?.recordVersionNumber === recordVersionNumber
          ? before
          : { recordVersionNumber, leaseMs, sinceMs: nowMs, owner, ownerSinceMs, carries };
      seen.delete(key);
      seen.set(key, observation);
      if (seen.size > limit) seen.delete(seen.keys().next().value ?? key);
      return observation;
    },
    deadVersion: (key, nowMs) => dead(key, nowMs)?.recordVersionNumber,
    barrenVersion(key, nowMs) {
      const observation = dead(key, nowMs);
      return observation?.carries ? undefined : observation?.recordVersionNumber;
    },
    forget: (key) => void seen.delete(key),
  };
}

export function isDead(observation: Observation, nowMs: number): boolean {
  return nowMs - observation.sinceMs > observation.leaseMs;
}
