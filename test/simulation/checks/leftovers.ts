/** Nothing is left behind: by a locker that was closed, by processes that hold nothing, by those that died. */
import type { Member } from '../member.ts';
import { keyOf } from '../observed.ts';
import { holdersIn, waitersIn } from '../records.ts';
import type { World } from '../world.ts';

export function leftByClosed(world: World, member: Member): void {
  const { name, process, connection, releaseFailed } = member;
  const left = (what: string): void => world.report('leftover', name, `closed, and leaves ${what}`);
  if (process.pendingTimers > 0) left(`${process.pendingTimers} timers`);
  if (connection.subscriptions > 0) left(`${connection.subscriptions} subscriptions`);
  if (connection.underWay > 0 && member.looking === 0) left(`${connection.underWay} requests under way`);
  member.endings.mustBeOver();
  // What became of an unanswered request nobody knows: its entry ends with its TTL.
  if (connection.doubts > 0 || releaseFailed) return;
  for (const { key, what, endMs } of entriesOf(world, name)) if (endMs > world.timeline.nowMs) left(`${what} in ${key}`);
}

/** Long after everybody has let go: a process that lives and holds nothing has no entry anywhere. */
export function leftByIdle(world: World): void {
  const held = world.beliefs.open();
  for (const { name, process, closedMs } of world.members.values()) {
    if (process.crashed) continue;
    const mayHold = closedMs === undefined ? held.filter((each) => each.process === process).flatMap(({ needs }) => needs) : [];
    const keys = new Set(mayHold.map(({ resource }) => keyOf(resource)));
    for (const { key, what, endMs } of entriesOf(world, name))
      if (!keys.has(key) && !isKeptByOthers(world, key, endMs)) world.report('leftover', name, `holds nothing, and has ${what} in ${key}`);
  }
}

/** Where clocks are apart nobody is struck out by one: what is over lasts as long as others write the record. */
function isKeptByOthers({ areNear, backend, timeline }: World, key: string, endMs: number): boolean {
  return !areNear && endMs <= timeline.nowMs && holdersIn(backend.value(key)).length > 1;
}

/** `endMs`: when it is over by its own TTL. A place in line has none. */
function entriesOf(
  { backend, writes }: World,
  name: string,
): readonly { readonly key: string; readonly what: string; readonly endMs: number }[] {
  return backend.keys().flatMap((key) => {
    const value = backend.value(key);
    const mine = (token: string): boolean => writes.ownerOf(token) === name && !writes.isHandedOver(token);
    const holding = holdersIn(value).filter(({ token, minHold }) => !minHold && mine(token));
    const waiting = waitersIn(value).filter(mine);
    return [
      ...holding.map(({ job, token }) => ({ key, what: `the entry of ${job}`, endMs: writes.deadlineOf(key, token) })),
      ...waiting.map(() => ({ key, what: 'a place in line', endMs: Number.POSITIVE_INFINITY })),
    ];
  });
}
