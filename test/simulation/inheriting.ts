import type { SerializedLock } from '../../src/index.ts';
import { type Asker, boundsOf, call, hold } from './asking.ts';
import type { Member } from './member.ts';
import { type Held, keyOf } from './observed.ts';
import type { Step } from './plan.ts';
import { holdersIn } from './records.ts';
import { unlock } from './tasks.ts';

/** Hands a lock over, and lets its heir hold it and let it go. */
export async function inherit(asker: Asker, step: Step, held: Held): Promise<void> {
  const { world, member } = asker;
  world.beliefs.look(held);
  const bounds = boundsOf(world.plan.wire);
  const answer = await call(asker, 'hand over', bounds.other(held.needs), () => {
    world.beliefs.end(held);
    const handing = held.lock.handOver();
    void handing.then((handed) => world.writes.handedOver(handed.entries.map(({ token }) => token))).catch(() => {});
    return handing;
  });
  // What was not handed over is let go, whatever the reason.
  if ('error' in answer || step.heir === undefined) return unlock(asker, held);
  const heir = world.members.get(step.heir.process) ?? member;
  await member.process.sleep(step.heir.afterMs);
  if (!heir.process.crashed) heir.started(restore(asker, step, held, heir, answer.value));
}

async function restore(asker: Asker, step: Step, held: Held, heir: Member, handed: SerializedLock): Promise<void> {
  const { world } = asker;
  const bounds = boundsOf(world.plan.wire);
  // When the heir runs code again.
  await heir.process.sleep(0);
  const there = stillThere(asker, handed);
  const heirs = { ...asker, member: heir, job: held.job, who: asker.who.replace(/^p\d+/, heir.name), family: undefined };
  const restored = await call(heirs, `restore from ${asker.who}`, bounds.other(held.needs), () => heir.locker.restore(handed));
  if ('error' in restored) {
    const isLost = (restored.error as { reason?: string }).reason === 'vanished';
    if (isLost && there && stillThere(asker, handed))
      world.report('handOver', heirs.who, 'is told that the lock is lost, and its entries stand');
    return;
  }
  const kept = hold(heirs, restored.value, { ...step, options: { ...step.options, heartbeat: true } }, held.needs, world.timeline.nowMs);
  await heir.process.sleep(step.holdMs / 2);
  world.beliefs.look(kept);
  await unlock(heirs, kept);
}

function stillThere({ world }: Asker, handed: SerializedLock): boolean {
  return handed.entries.every(({ resource, token }) =>
    holdersIn(world.backend.value(keyOf(resource))).some((holder) => holder.token === token && !holder.minHold),
  );
}
