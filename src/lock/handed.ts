import { InvalidOptionError } from './errors.ts';
import type { SerializedLock } from './lock.ts';
import { checkOptions } from './options.ts';

/** Refuses what `lock.handOver()` cannot have returned: it came through a queue or a file. */
export function checkHanded(handed: SerializedLock): void {
  const isWhole =
    typeof handed === 'object' &&
    handed !== null &&
    handed.v === 1 &&
    Number.isFinite(handed.since) &&
    Array.isArray(handed.entries) &&
    handed.entries.every(isEntry);
  if (!isWhole) throw new InvalidOptionError('handed', handed, 'what lock.handOver() returned is allowed');
  const { ttlMs, minHoldMs, maxHoldMs, job } = handed;
  checkOptions({ ttlMs, minHoldMs, maxHoldMs: maxHoldMs ?? Number.POSITIVE_INFINITY, job }, 'handed.');
}

function isEntry(entry: Partial<SerializedLock['entries'][number]> | null): boolean {
  return (
    typeof entry?.resource === 'string' &&
    typeof entry.token === 'string' &&
    (entry.mode === 'write' || entry.mode === 'append' || entry.mode === 'read')
  );
}
