import type { Now } from '../../src/lock/clock.ts';
import { List } from '../../src/lock/list.ts';
import { Seat } from '../../src/lock/machine/seat.ts';
import { Stay } from '../../src/lock/machine/stay.ts';
import { monoEpochMs, wallEpochMs } from './puppet.ts';

/** What surrounds a machine, and does not belong to its state. */
const surroundings = new Set(['orders', 'around', 'step', 'place', 'asker', 'owner', 'options', 'previous', 'next', 'settle', 'error']);
const identity = /[TV]\d+/g;
/** As it stands in the text of a record. */
const moment = /\b(?:90\d{8}|179\d{10})\b/g;

/**
 * The state of a world as a text that is the same for worlds that differ in nothing that could matter: tokens and versions are
 * numbered as they appear, and of moments only the order counts, and which are over.
 */
export function fingerprint(world: object, now: Now): string {
  const named = new Map<string, number>();
  const text = told(world, now);
  const inOrder = new Set([0]);
  for (const [, fromNowMs] of text.matchAll(/@(-?\d+)/g)) inOrder.add(Number(fromNowMs));
  const sorted = [...inOrder].sort((one, other) => one - other);
  const places = new Map(sorted.map((fromNowMs, index) => [`@${fromNowMs}`, `@${index - sorted.indexOf(0)}`]));
  return text
    .replace(/@-?\d+/g, (found) => places.get(found) as string)
    .replace(identity, (found) => {
      const number = named.get(found) ?? named.size + 1;
      named.set(found, number);
      return `${found[0]}${number}`;
    });
}

function told(value: unknown, now: Now): string {
  if (typeof value === 'number') return toldNumber(value, now);
  if (typeof value === 'string') return value.replace(moment, (found) => toldNumber(Number(found), now));
  if (typeof value !== 'object' || value === null) return `${value as boolean}`;
  if (value instanceof List) return told(value.all(), now);
  if (value instanceof Stay) return told(stayOf(value, now), now);
  if (Array.isArray(value)) return `[${value.map((each) => told(each, now)).join()}]`;
  let text = '';
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined || surroundings.has(key) || typeof each === 'function') continue;
    if (key === 'stay' && value instanceof Seat) text += `stay:${value.stay?.lost ?? typeof value.stay},`;
    else text += key === 'number' ? `V${each},` : `${key}:${told(each, now)},`;
  }
  return value instanceof Seat ? `{${text}endMonoMs:${toldNumber(now.monoMs + value.ownLeftMs(now), now)}}` : `{${text}}`;
}

/** A moment by how far it is from now. Fractions as decimals would take half of the time that all of this takes. */
function toldNumber(value: number, now: Now): string {
  if (value >= monoEpochMs && value < monoEpochMs + 1e8) return `@${Math.round(value - now.monoMs)}`;
  if (value >= wallEpochMs && value < wallEpochMs + 1e10) return `@${Math.round(value - now.wallMs)}`;
  return value === Number.POSITIVE_INFINITY ? 'never' : `${value}`;
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
