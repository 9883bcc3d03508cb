import type { Asked } from './archive.ts';
import { longestMs } from './chronicle.ts';

/** A screen has no room for less. */
const shortestMs = 1_000;
/** What a `Date` can be at most. */
const latestDateMs = 8.64e15;

/** Which time a request asks for: the last milliseconds, or from and to since 1970. `undefined`: it cannot be understood. */
export function askedIn({ lastMs, fromMs, toMs }: Readonly<Record<string, string>>): Asked | undefined {
  if (lastMs !== undefined) {
    const isAlone = fromMs === undefined && toMs === undefined;
    return isAlone && isLength(whole(lastMs)) ? { lastMs: whole(lastMs) } : undefined;
  }
  const range = { fromMs: whole(fromMs), toMs: whole(toMs) };
  const isPossible = Number.isSafeInteger(range.fromMs) && range.fromMs >= 0 && range.toMs <= latestDateMs;
  return isPossible && isLength(range.toMs - range.fromMs) ? range : undefined;
}

/** `Number` takes nothing for 0, and knows hexadecimal. */
function whole(text = ''): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function isLength(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= shortestMs && ms <= longestMs;
}
