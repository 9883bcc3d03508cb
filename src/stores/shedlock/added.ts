import type { Entrant } from '../../lock/record/record.ts';
import { type Found, tokenOf, uuidForm, uuidOf } from './holder.ts';

/** ShedLock's default for the part of a key that keeps staging and production apart. */
export const defaultEnvironment = 'default';

/**
 * The text that ShedLock keeps under a key of Redis: `ADDED:<ISO time>@<host>:<uuid>`. So that no two writes are equal, the
 * digits behind our milliseconds count the renewals of one acquisition.
 */
export function addedText(holder: Entrant): string {
  const iso = new Date(holder.since).toISOString();
  const renewals = holder.beat > 1 ? String((holder.beat - 1) % 1_000_000).padStart(6, '0') : '';
  return `ADDED:${iso.slice(0, -1)}${renewals}Z@${holder.host}:${uuidOf(holder)}`;
}

const form = new RegExp(`^ADDED:([^@]*?(?:\\.\\d{3}(\\d{6}))?Z?)@(.*?)(?::(${uuidForm}))?$`, 's');

/** `undefined`: the text is neither ours nor ShedLock's. On Memcached ShedLock writes no id: then the text itself names the acquisition. */
export function foundIn(text: string): Pick<Found, 'token' | 'host' | 'since' | 'beat'> | undefined {
  const [, iso = '', renewals = '0', host = '', uuid] = form.exec(text) ?? [];
  const since = Date.parse(iso);
  return Number.isNaN(since) ? undefined : { token: uuid === undefined ? text : tokenOf(uuid), host, since, beat: Number(renewals) + 1 };
}
