import { randomUUID } from 'node:crypto';
import { encodeAlone } from '../../../src/lock/record/record.ts';
import { newToken } from '../../../src/lock/record/tokens.ts';
import { storeBehaviours } from '../../../src/testing/index.ts';

/** ShedLock's own definition, as its README has it. */
export const shedlockDdl = `create table shedlock (name varchar(64) not null, lock_until timestamp not null,
  locked_at timestamp not null, locked_by varchar(255) not null, primary key (name))`;

/** A record of one writer, as the locker writes it. */
export function record({ token = newToken(), host = 'here', ttlMs = 60_000, beat = 1 } = {}): string {
  const now = Date.now();
  return encodeAlone(now, { token, mode: 'write', host, pid: 1, since: now, ttlMs, until: now + ttlMs, beat });
}

/** The part of the suite about ports stores any text, and these hold one holder; what can be said of them is tested beside. */
export const relaxations: Readonly<Record<string, string>> = Object.fromEntries([
  ...storeBehaviours.filter(({ part }) => part === 'port').map(({ id }) => [id, 'the layout holds a holder, not any text']),
  ['unreadable', 'the layout holds a holder, not any text'],
  ['D39', 'the layout has no room for job, process and mode'],
  ['D8', 'the layout has no room for a mark: who left within minHoldMs is shown as holding'],
  ['lock-fence', 'the layout has no room for a fence'],
  ['D20', 'names are exact, and as long as the backend allows'],
  ...['modes', 'last-sharer', 'limits'].map((id) => [id, 'append and read are taken as write']),
]);

export const freshName = (label = 'job'): string => `${label}-${randomUUID().slice(0, 12)}`;
