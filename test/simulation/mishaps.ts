import type { Request } from './backend.ts';
import { closeMember } from './closing.ts';
import type { Fate } from './connection.ts';
import { troubledMs } from './draw.ts';
import { keyOf } from './observed.ts';
import type { Mishap } from './plan.ts';
import type { World } from './world.ts';

/** What goes wrong with single requests, as the plan says, until the world heals. */
export function bringTrouble(world: World): void {
  const { plan, timeline, chance, fate: well } = world;
  const { faults, deadlineMs } = plan.wire;
  const outages = plan.mishaps.flatMap((mishap) =>
    mishap.what === 'outage' ? [{ fromMs: mishap.atMs, toMs: mishap.atMs + mishap.ms }] : [],
  );
  world.fate = (member: string, request: Request): Fate => {
    const fate = well(member, request);
    const { nowMs } = timeline;
    if (nowMs >= troubledMs) return fate;
    if (outages.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs))
      return { ...fate, what: chance.pick(['refused', 'never', 'lost before'] as const) };
    if (faults === 0 || !chance.happens(faults)) return fate;
    const what = chance.pick(['refused', 'lost before', 'lost after', 'never', 'late', 'late'] as const);
    return what === 'late'
      ? { ...fate, what: 'answered', thereMs: chance.within(0, 2 * deadlineMs), backMs: chance.within(0, 2 * deadlineMs) }
      : { ...fate, what };
  };
}

/** One mishap of the plan happens now. */
export function strike(world: World, mishap: Mishap): void {
  const { history, backend, pushes } = world;
  const what = mishap.what;
  if ('process' in mishap) {
    const member = world.members.get(mishap.process);
    if (member === undefined || member.process.crashed) return;
    const { process, name } = member;
    history.note(
      name,
      `!!! ${what}${'ms' in mishap ? ` for ${mishap.ms} ms` : ''}${'aheadMs' in mishap ? `: now ${mishap.aheadMs} ms ahead` : ''}`,
    );
    if (mishap.what === 'crash') process.crash();
    else if (mishap.what === 'stall') process.stall(mishap.ms);
    else if (mishap.what === 'suspend') process.suspend(mishap.ms);
    else if (mishap.what === 'wall') process.setWall(mishap.aheadMs);
    else process.deliver(() => void closeMember(world, member));
    return;
  }
  history.note(
    'store',
    `!!! ${what}${'ms' in mishap ? ` for ${mishap.ms} ms` : ''}${'resource' in mishap ? ` ${keyOf(mishap.resource)}` : ''}`,
  );
  if (mishap.what === 'forget') backend.forget(keyOf(mishap.resource));
  else if (mishap.what === 'restart') backend.restart();
  else if (mishap.what === 'stand still') backend.standStill(mishap.ms);
  else if (mishap.what === 'silence') pushes.fallSilent(mishap.ms);
}
