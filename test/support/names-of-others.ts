import { encodeRecord } from '../../src/lock/record/record.ts';
import type { LockStore } from '../../src/lock/store.ts';

/** What a writer of another make may call itself: clears a screen, turns the reading direction, ends the line, goes on for long. */
export const evil: string = `\u001b[2J\u009b2J\u202eevil\u0000\n\u2028${'x'.repeat(5_000)}`;

/** What no text that is shown has in it. */
export const unprintable: RegExp = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Puts a holder under `key` that calls itself so, for a minute. */
export async function heldByEvil(store: LockStore, key: string, names = { job: evil, host: evil }): Promise<void> {
  const at = Date.now();
  const holder = { ...names, token: 't', mode: 'write', pid: 7, since: at, ttlMs: 60_000, until: at + 60_000, beat: 1 } as const;
  const line = { ...names, token: 'w', mode: 'write', pid: 8, since: at, ttlMs: 60_000, pauseMs: 1_000, maxWaitMs: 60_000 } as const;
  await store.create(key, encodeRecord({ v: 1, at, holders: [{ ...holder, line: true }], line: [line] }), 60_000);
}

/** Every text in `value`, however deep. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  return Object.values(value).flatMap(textsIn);
}
