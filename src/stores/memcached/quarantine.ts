import { attemptMs, watch } from './call.ts';
import type { Connection } from './connection.ts';
import type { Task } from './exchange.ts';
import { type Fault, quarantined } from './fault.ts';

/** memcached begins to count its uptime at 2. */
const uptimeAheadS = 2;

/**
 * Bars new locks on a server that restarted less than the longest TTL ago: whoever held a lock before the restart may
 * believe in it until then. No connection outlives a restart, so the uptime is asked once on each.
 */
export interface Quarantine {
  /** Hears of every TTL that is written, so that the longest is known. */
  noteTtl(ttlMs: number): void;
  /** A fault as long as the server at the other end of `connection` is in quarantine. */
  admit(connection: Connection, task: Task): Promise<Fault | undefined>;
}

export function quarantine(leastTtlMs: number): Quarantine {
  const startsMs = new WeakMap<Connection, number>();
  let longestTtlMs = leastTtlMs;
  return {
    noteTtl(ttlMs) {
      longestTtlMs = Math.max(longestTtlMs, ttlMs);
    },
    async admit(connection, task) {
      let startMs = startsMs.get(connection);
      if (startMs === undefined) {
        const uptimeS = await askUptimeS(connection, task);
        if (typeof uptimeS !== 'number') return uptimeS;
        startMs = performance.now() - (uptimeS - uptimeAheadS) * 1_000;
        startsMs.set(connection, startMs);
      }
      const restMs = startMs + longestTtlMs - performance.now();
      return restMs > 0 ? quarantined(restMs) : undefined;
    },
  };
}

function askUptimeS(connection: Connection, { call }: Task): Promise<number | Fault> {
  return new Promise((resolve) => {
    const stop = watch(call, attemptMs(call), () => connection.timeOut(call.timeoutMs));
    connection.askUptime((outcome) => {
      stop();
      resolve(outcome);
    });
  });
}
