import { randomBytes } from 'node:crypto';
import { StoreUnavailableError } from '../../lock/errors.ts';
import { encodeAlone } from '../../lock/record/record.ts';
import { newToken } from '../../lock/record/tokens.ts';
import type { LockStore } from '../../lock/store.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { isPackageMissing } from '../exit-codes.ts';
import { probePrefix } from '../sight.ts';
import type { Finding } from './finding.ts';

const rounds = 5;
const probeTtlMs = 5_000;

/** Uses the store as a worker would: writes, reads, renews and removes a key of its own, and times it. Rejects only for want of a package. */
export async function tryStore(store: LockStore, keyOf: (name: string) => string, timeoutMs: number): Promise<readonly Finding[]> {
  const subject = `store ${store.traits.name}`;
  // Where names are keys of somebody else's, a key may stay for ever: one for all doctors.
  const key = keyOf(`${probePrefix}${store.traits.exactNames ? 'probe' : randomBytes(6).toString('hex')}`);
  const recordOf = probe();
  const times: number[] = [];
  try {
    const created = await store.create(key, recordOf(1), probeTtlMs);
    const renewed = created && (await store.replace(key, recordOf(2), created, probeTtlMs));
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now();
      await store.read(key);
      times.push(performance.now() - startMs);
    }
    const removed = renewed !== undefined && (await store.remove(key, renewed));
    const hasWorked = created !== undefined && renewed !== undefined && removed;
    return [
      hasWorked ? { level: 'ok', check: 'use', subject, found: 'a key was made, renewed and removed' } : brokenPromise(subject),
      speed(subject, times, timeoutMs),
    ];
  } catch (error) {
    if (isPackageMissing(error)) throw error;
    return [failure(subject, error)];
  }
}

/** Some layouts have room for nothing but a holder. */
function probe(): (beat: number) => string {
  const since = Date.now();
  const holder = { token: newToken(), mode: 'write', job: 'giveway doctor', host: '', pid: process.pid, since } as const;
  return (beat) => encodeAlone(since, { ...holder, ttlMs: probeTtlMs, until: since + probeTtlMs, beat });
}

function failure(subject: string, error: unknown): Finding {
  if (!(error instanceof StoreUnavailableError)) return { level: 'fail', check: 'use', subject, found: (error as Error).message };
  const level = error.code === 'ERR_GIVEWAY_QUARANTINE' ? 'warn' : 'fail';
  return { level, check: 'use', subject, found: `${error.message} (${error.code})` };
}

function brokenPromise(subject: string): Finding {
  const remedy =
    'Something between here and the server changes or drops entries: a proxy, another server list, a server that is out of memory.';
  return { level: 'fail', check: 'use', subject, found: 'an entry of our own could not be renewed or removed', remedy };
}

/** Ten round trips should fit into a deadline: a pause of the server or the network must not look like its death. */
function speed(subject: string, times: readonly number[], timeoutMs: number): Finding {
  const medianMs = [...times].sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
  const base = { check: 'round-trip', subject, found: `a read takes ${medianMs.toFixed(1)} ms; the deadline is ${shortly(timeoutMs)}` };
  if (medianMs * 10 <= timeoutMs) return { level: 'ok', ...base };
  return {
    level: 'warn',
    ...base,
    remedy: `Use a nearer server, or a longer deadline: ?timeoutMs=${Math.ceil(medianMs) * 10} in the store's URL.`,
  };
}
