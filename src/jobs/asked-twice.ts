/** Where nobody defines a schedule, and somebody only asks for fires: who asks for one that another one here asked for has its name too. */

import type { ResourceLocker } from '../lock/api/locker.ts';
import { type Fire, fireResource } from './fires.ts';
import { processWide } from './process-wide.ts';
import { isScheduled, readName } from './schedule-names.ts';

interface Asked {
  readonly key: string;
  readonly by: object | undefined;
  readonly monoMs: number;
  readonly isTold: boolean;
}

/** By name, the last fire that was asked for in this process. */
const lastAsked = processWide('last-asked-fires.v1', () => new WeakMap<ResourceLocker, Map<string, Asked>>());

/** Names that are made for each fire would fill the memory. */
const namesKept = 1_024;

/**
 * Announces a `notice`, once, if two jobs of this process take fires from each other by one name. A job asks once for each fire, or more
 * often where it is known `by` what it asks. After `withinMs` the same key is another fire.
 */
export function tellIfAskedTwice(locker: ResourceLocker, { name, key }: Fire, withinMs: number, by?: object): void {
  const asked = lastAsked.get(locker) ?? new Map<string, Asked>();
  const read = readName(locker, name);
  const last = asked.get(read);
  const fire = { key: key.slice(name.length), by, monoMs: performance.now() };
  const isSame = last?.key === fire.key && fire.monoMs - last.monoMs < withinMs;
  const isShared = isScheduled(locker, name) || (isSame && (by === undefined || last.by !== by));
  asked.delete(read);
  lastAsked.set(locker, asked.set(read, { ...fire, isTold: isShared || last?.isTold === true }));
  const [oldest] = asked.keys();
  if (asked.size > namesKept && oldest !== undefined) asked.delete(oldest);
  if (!isShared || last?.isTold) return;
  locker.announce('notice', () => ({
    code: 'ERR_GIVEWAY_SCHEDULE_NAME',
    message: `Two jobs of this process take fires from each other by the name "${name}": give each a name of its own, and make each job's function once.`,
    resource: fireResource(name),
  }));
}
