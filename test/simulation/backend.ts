import type { Chance } from './chance.ts';
import type { Kind } from './kinds.ts';
import type { Timeline } from './timeline.ts';

/** What a process asks of the backend. */
export type Request =
  | { readonly what: 'read'; readonly key: string }
  | { readonly what: 'create'; readonly key: string; readonly value: string; readonly ttlMs: number }
  | { readonly what: 'replace'; readonly key: string; readonly value: string; readonly version: Version; readonly ttlMs: number }
  | { readonly what: 'append'; readonly key: string; readonly text: string; readonly version: Version }
  | { readonly what: 'remove'; readonly key: string; readonly version: Version };

/** One state of a key: `epoch` tells on which connection `number` means something. */
export interface Version {
  readonly number: number;
  readonly epoch: string;
  readonly value: string;
  readonly fence?: bigint;
}

/** `undefined` is the definite no. */
export type Answer = { readonly value: string; readonly version: Version } | undefined;

/** A change of one key, as the backend sees it. `by` is undefined for what it did by itself. */
export interface Change {
  readonly by: string | undefined;
  readonly what: Request['what'] | 'forget';
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The server that all processes of a world share. */
export interface Backend {
  /** Does it at this moment. `epoch` names the connection. */
  apply(request: Request, by: string, epoch: string): Answer;
  /** What stands there now. */
  value(key: string): string | undefined;
  keys(): readonly string[];
  /** How often it has restarted. */
  readonly runs: number;
  forget(key: string): void;
  /** Empty, and numbers start anew. */
  restart(): void;
  /** Answers nobody for a while. */
  standStill(ms: number): void;
  /** Milliseconds until it answers again. */
  readonly standsMs: number;
}

interface Kept {
  readonly value: string;
  readonly number: number;
  readonly endsAtMs: number;
}

interface Settings {
  readonly kind: Kind;
  readonly timeline: Timeline;
  readonly chance: Chance;
  changed(change: Change): void;
}

export function createBackend({ kind, timeline, chance, changed }: Settings): Backend {
  const kept = new Map<string, Kept>();
  let numbers = 0;
  let runs = 0;
  let standsUntilMs = 0;

  function live(key: string): Kept | undefined {
    const found = kept.get(key);
    return found !== undefined && timeline.nowMs < found.endsAtMs ? found : undefined;
  }

  function isAt(found: Kept | undefined, version: Version, epoch: string): found is Kept {
    if (found === undefined) return false;
    if (kind.versions === 'number') return found.number === version.number;
    // Over another connection the store reads the entry again, and compares values.
    if (kind.versions === 'number of this run' && version.epoch === epoch) return found.number === version.number;
    return found.value === version.value;
  }

  function endOf(ttlMs: number): number {
    if (kind.traits.ttlGrainMs === 1) return timeline.nowMs + ttlMs;
    const grainMs = kind.traits.ttlGrainMs;
    const tickMs = Math.floor(timeline.nowMs / grainMs) * grainMs - (chance.happens(0.1) ? grainMs : 0);
    return tickMs + (Math.ceil(ttlMs / grainMs) + 2) * grainMs;
  }

  function versionOf({ value, number }: Kept, epoch: string): Version {
    return kind.hasFences ? { number, epoch, value, fence: BigInt(number) } : { number, epoch, value };
  }

  function write(request: Request, by: string, epoch: string, value: string, endsAtMs: number): Answer {
    const before = live(request.key)?.value;
    const next = { value, number: ++numbers, endsAtMs };
    kept.set(request.key, next);
    changed({ by, what: request.what, key: request.key, before, after: value });
    return { value, version: versionOf(next, epoch) };
  }

  return {
    apply(request, by, epoch) {
      const found = live(request.key);
      if (request.what === 'read') return found && { value: found.value, version: versionOf(found, epoch) };
      if (request.what === 'create')
        return found === undefined ? write(request, by, epoch, request.value, endOf(request.ttlMs)) : undefined;
      if (!isAt(found, request.version, epoch)) return undefined;
      if (request.what === 'replace') return write(request, by, epoch, request.value, endOf(request.ttlMs));
      if (request.what === 'append') return write(request, by, epoch, found.value + request.text, found.endsAtMs);
      kept.delete(request.key);
      changed({ by, what: 'remove', key: request.key, before: found.value, after: undefined });
      return { value: '', version: request.version };
    },
    value: (key) => live(key)?.value,
    keys: () => [...kept.keys()].filter((key) => live(key) !== undefined),
    get runs() {
      return runs;
    },
    forget(key) {
      const before = live(key)?.value;
      kept.delete(key);
      if (before !== undefined) changed({ by: undefined, what: 'forget', key, before, after: undefined });
    },
    restart() {
      runs++;
      numbers = 0;
      for (const key of [...kept.keys()]) this.forget(key);
    },
    standStill(ms) {
      standsUntilMs = Math.max(standsUntilMs, timeline.nowMs + ms);
    },
    get standsMs() {
      return Math.max(0, standsUntilMs - timeline.nowMs);
    },
  };
}
