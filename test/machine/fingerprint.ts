import type { Now } from '../../src/lock/clock.ts';
import { List } from '../../src/lock/list.ts';
import { Seat } from '../../src/lock/machine/seat.ts';
import { Stay } from '../../src/lock/machine/stay.ts';
import { wallEpochMs } from './puppet.ts';

/** What surrounds a machine, and does not belong to its state. */
const surroundings = new Set(['orders', 'around', 'step', 'place', 'asker', 'owner', 'options', 'previous', 'next', 'settle', 'error']);
const identity = /[TV]\d+/g;
const time = /\b(?:90\d{8}|179\d{10})(?:\.\d+)?\b/g;

/**
 * The state of a world as a text that is the same for worlds that differ in nothing that could matter: tokens and versions are
 * numbered as they appear, and of moments only the order counts, and which are over.
 */
export function fingerprint(world: object, now: Now): string {
  const named = new Map<string, number>();
  const text = JSON.stringify(world, (key, value: unknown) => {
    if (surroundings.has(key)) return undefined;
    if (value instanceof List) return value.all();
    if (value instanceof Stay) return stayOf(value, now);
    if (value instanceof Seat)
      return { ...value, stay: value.stay?.lost ?? typeof value.stay, endMonoMs: now.monoMs + value.ownLeftMs(now) };
    if (key === 'number') return `V${value as number}`;
    return value === Number.POSITIVE_INFINITY ? 'never' : value;
  });
  const moments = new Set([0]);
  const fromNowMs = (moment: string): number => {
    const ms = Number(moment);
    return Math.round(ms < wallEpochMs ? ms - now.monoMs : ms - now.wallMs);
  };
  for (const [moment] of text.matchAll(time)) moments.add(fromNowMs(moment));
  const inOrder = [...moments].sort((one, other) => one - other);
  return text
    .replace(time, (moment) => `@${inOrder.indexOf(fromNowMs(moment)) - inOrder.indexOf(0)}`)
    .replace(identity, (found) => {
      const number = named.get(found) ?? named.size + 1;
      named.set(found, number);
      return `${found[0]}${number}`;
    });
}

function stayOf(stay: Stay, now: Now): object {
  const { entrant, version, ttlMs, beganMonoMs, leavesMonoMs, confirmed, lost, fault, isUsed, isJudged, isAlone, needsFence, record } =
    stay;
  const rest = isAlone ? undefined : record;
  return {
    entrant,
    version,
    ttlMs,
    beganMonoMs,
    leavesMonoMs,
    confirmedMonoMs: confirmed.monoMs,
    lost,
    faultMonoMs: fault?.monoMs,
    isUsed,
    isJudged,
    needsFence,
    rest,
    endMonoMs: now.monoMs + stay.remainingMs(now),
  };
}
