import type { StoreUrl } from '../../config/index.ts';
import { clockSkewMs } from '../../lock/record/decide.ts';
import { shortly } from '../../observe/answers/shortly.ts';

/** One thing that `doctor` looked at. */
export interface Finding {
  /** `fail`: locks do not work, or do not protect. `warn`: they can be lost, or something could not be seen. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** Stable, for programs: `eviction`, `cas`, `clock`. */
  readonly check: string;
  /** `memcached 10.0.0.1:11211`, never with credentials. */
  readonly subject: string;
  readonly found: string;
  /** What to do; absent where nothing is to be done. */
  readonly remedy?: string;
}

/** What the diagnosis of a store needs to know. */
export interface Patient {
  readonly url: StoreUrl;
  readonly timeoutMs: number;
  readonly longestTtlMs: number;
  readonly resources: readonly string[];
  keyOf(resource: string): string;
}

/** A server's clock beside ours. Leases are compared between hosts, so the hosts must agree; the server is one of them. */
export function clockFinding(subject: string, aheadMs: number, errorMs: number): Finding {
  const off = Math.abs(aheadMs);
  const found = `${shortly(off)} ${aheadMs < 0 ? 'behind' : 'ahead of'} this host, give or take ${shortly(errorMs)}`;
  if (off <= clockSkewMs + errorMs) return { level: 'ok', check: 'clock', subject, found };
  const remedy = `Set the clocks by NTP, here and on every worker: shared locks and min-holds allow for ${shortly(clockSkewMs)} between hosts.`;
  return { level: 'warn', check: 'clock', subject, found, remedy };
}
