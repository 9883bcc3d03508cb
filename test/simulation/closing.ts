import { boundsOf } from './bounds.ts';
import { leftByClosed } from './checks/leftovers.ts';
import type { Member } from './member.ts';
import type { World } from './world.ts';

/** Closes the locker of a process, and looks at what it leaves behind. */
export async function closeMember(world: World, member: Member): Promise<void> {
  const open = world.calls.begin(member.process, member.name, 'close', boundsOf(world.plan.wire).close);
  world.history.note(member.name, 'close');
  await member.locker.close();
  open.settle();
  if (member.closedMs !== undefined) return;
  member.closedMs = world.timeline.nowMs;
  world.history.note(member.name, 'closed');
  leftByClosed(world, member);
}
