import type { Connection } from './connection.ts';
import { type Fault, quarantined } from './fault.ts';

/** memcached begins to count its uptime at 2. */
const uptimeAheadS = 2;

/**
 * Bars new locks on a server that restarted less than the longest TTL ago: whoever held a lock before the restart may
 * believe in it until then. No connection outlives a restart, so the uptime is asked once on each.
 */
export class Quarantine {
  readonly #startsMs = new WeakMap<Connection, number>();
  #longestTtlMs: number;

  constructor(leastTtlMs: number) {
    this.#longestTtlMs = leastTtlMs;
  }

  /** Hears of every TTL that is written, so that the longest is known. */
  noteTtl(ttlMs: number): void {
    this.#longestTtlMs = Math.max(this.#longestTtlMs, ttlMs);
  }

  /** Hears of the uptime of the server at the other end of `connection`. */
  noteUptime(connection: Connection, uptimeS: number, nowMs: number): void {
    this.#startsMs.set(connection, nowMs - (uptimeS - uptimeAheadS) * 1_000);
  }

  /** A fault as long as that server is in quarantine; `'unknown'` before its uptime was heard of. */
  barOn(connection: Connection, nowMs: number): Fault | 'unknown' | undefined {
    const startMs = this.#startsMs.get(connection);
    if (startMs === undefined) return 'unknown';
    const restMs = startMs + this.#longestTtlMs - nowMs;
    return restMs > 0 ? quarantined(restMs) : undefined;
  }
}
