/** Who was seen, or is here, and may still be at work should the store fall silent. */

import { excludes } from '../holder.ts';
import type { Need } from '../options.ts';
import { fits, latestEndMs } from '../record/decide.ts';
import type { LockRecord } from '../record/record.ts';
import type { Facts } from './facts.ts';
import type { Refusal } from './orders.ts';
import type { Seen } from './states.ts';

const nobody: readonly Seen[] = [];

/** Whoever leaves no room for such a lock. `undefined`: nobody. */
export function heldAgainst(m: Facts, { mode, limit }: Omit<Need, 'resource'>, wallMs: number): Refusal | undefined {
  const { known, stay } = m;
  const all = stay === undefined ? [...(known?.seen ?? nobody), ...(known?.heard ?? nobody)] : seenIn(m, stay.record, wallMs);
  const seen = all
    .filter(({ entrant, untilMs }, index) => untilMs > wallMs && all.findIndex((each) => each.entrant.token === entrant.token) === index)
    .map(({ entrant }) => entrant);
  const against = seen.filter((entrant) => excludes(entrant.mode, mode));
  if (against.length > 0) return { blockers: against, ahead: [] };
  const isOurs = stay !== undefined && m.seats.size > 0;
  const there = isOurs ? [...seen, stay.entrant] : seen;
  return fits(there, mode, limit) ? undefined : { blockers: there, ahead: [] };
}

/** The holders of other processes, and until when each may still be working. */
export function seenIn(m: Facts, record: LockRecord, wallMs: number): readonly Seen[] {
  const isMine = (token: string): boolean => token === m.lined?.token || token === m.stay?.token || m.isDoubtful(token);
  return record.holders
    .filter(({ token }) => !isMine(token))
    .map((entrant) => ({ entrant, untilMs: latestEndMs(record, entrant, wallMs) }));
}
