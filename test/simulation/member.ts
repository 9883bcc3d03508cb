import type { Holder, LockerEvents, LockerOptions, ResourceLocker } from '../../src/index.ts';
import { createEndings, type Endings } from './checks/endings.ts';
import { type Connection, createConnection } from './connection.ts';
import { createLockerAs } from './identity.ts';
import { kinds } from './kinds.ts';
import type { ProcessPlan } from './plan.ts';
import { holdersIn } from './records.ts';
import { createProcess, type SimulatedProcess } from './simulated-process.ts';
import type { World } from './world.ts';

/** One process of the fleet, with its locker. */
export interface Member {
  readonly name: string;
  readonly plan: ProcessPlan;
  readonly process: SimulatedProcess;
  readonly connection: Connection;
  readonly locker: ResourceLocker;
  readonly endings: Endings;
  /** What was told of each job last: why it does not run. */
  readonly refusals: Map<string, { readonly resource: string; readonly holders: readonly Holder[] }>;
  /** Set when `close()` has settled. */
  closedMs: number | undefined;
  /** Calls that only read are under way: `close()` is not concerned with them. */
  looking: number;
  /** Tasks that have not ended. */
  tasksLeft: number;
  started(task: Promise<void>): void;
  /** A release was not answered, or not known to be done. */
  releaseFailed: boolean;
}

export function createMember(world: World, plan: ProcessPlan, pid: number): Member {
  const { timeline, history, report } = world;
  const { name, host, wallAheadMs } = plan;
  const process = createProcess({ name, host, wallAheadMs, timeline, chance: world.chance });
  const endings = createEndings(report, name);
  const connection = createConnection({
    kind: kinds[world.plan.kind],
    process,
    backend: world.backend,
    timeline,
    pushes: world.pushes,
    deadlineMs: world.plan.wire.deadlineMs,
    fate: (request) => world.fate(name, request),
    sent(request) {
      if (member.closedMs !== undefined && member.looking === 0)
        report('leftover', name, `sends ${request.what} ${request.key} after close() has settled`);
      history.note(name, () => `-> ${request.what} ${request.key}${'value' in request ? ` ${described(request.value)}` : ''}`);
    },
    came(request, answer, error, sentMs) {
      // A refused write says nothing of what stands there; an append leaves the holders as they were, and as they were read.
      const isTold = request.what === 'read' || (request.what !== 'append' && answer !== undefined);
      const isKnown = error === undefined && isTold;
      if (isKnown && member.looking > 0) world.sights.blurred(process, request.key);
      else if (isKnown) world.sights.saw(process, request.key, request.what === 'remove' ? undefined : answer?.value, sentMs);
      history.note(
        name,
        () =>
          `<- ${request.what} ${request.key} ${error ?? (answer === undefined ? 'no' : request.what === 'read' ? described(answer.value) : 'yes')}`,
      );
    },
    called(key, value) {
      // It may be older than what was read, but not where it says that this process was let in.
      if (holdersIn(value).some(({ token }) => world.writes.ownerOf(token) === name)) world.sights.saw(process, key, value);
    },
  });
  const limits = world.plan.limit > 0 ? { limits: { appends: world.plan.limit } } : {};
  const isListed = world.plan.limit > 0 || world.plan.resources.some((resource) => resource.endsWith('.*'));
  const resources = Object.fromEntries(world.plan.resources.map((resource, index) => [resource, index === 0 ? limits : {}]));
  const locker = createLockerAs({ host, pid }, {
    store: connection.store,
    clock: process.clock,
    ...(isListed ? { resources } : {}),
  } as LockerOptions);
  const member: Member = {
    name,
    plan,
    process,
    connection,
    locker,
    endings,
    refusals: new Map(),
    closedMs: undefined,
    looking: 0,
    tasksLeft: 0,
    started(task) {
      member.tasksLeft++;
      task
        .catch((error: unknown) => report('P9', name, `a task fails: ${String((error as Error).stack ?? error)}`))
        .finally(() => member.tasksLeft--);
    },
    releaseFailed: false,
  };
  listen(world, member);
  return member;
}

function listen({ history }: World, member: Member): void {
  const { locker, endings, name, refusals } = member;
  const told = <E extends keyof LockerEvents>(event: E, hear: (payload: LockerEvents[E]) => string): void => {
    locker.on(event, (payload) => history.note((payload as { job?: string }).job?.split('#')[0] ?? name, `event ${event}${hear(payload)}`));
  };
  told('acquired', ({ id, job = '', isProtected }) => {
    endings.acquired(id, job);
    return isProtected ? '' : ', not protected';
  });
  told('busy', ({ job = '', resource, holders }) => {
    refusals.set(job, { resource, holders });
    return ` "${resource}": ${named(holders)}`;
  });
  told('waiting', ({ job = '', resource, holders }) => {
    endings.waiting(job);
    return ` for "${resource}": ${named(holders)}`;
  });
  told('skipped', ({ job = '', reason, resource }) => {
    endings.skipped(job);
    return `, ${reason} "${resource}"`;
  });
  told('released', ({ id, release }) => {
    endings.let(id);
    return `, ${release}`;
  });
  told('lost', ({ id, reason, resource }) => {
    endings.lost(id);
    return ` "${resource}", ${reason}`;
  });
  told('release-failed', ({ id }) => {
    endings.let(id);
    member.releaseFailed = true;
    return '';
  });
  told('extended', ({ ttlMs }) => ` to ${ttlMs} ms`);
  told('store-down', () => '');
  told('store-up', () => '');
  told('notice', ({ message }) => `: ${message}`);
}

function named(holders: readonly Holder[]): string {
  return holders.map(({ job, mode, state }) => `${job} (${state === 'holding' ? mode : `${mode}, ${state}`})`).join(', ') || 'nobody known';
}

/** A value in few words. */
function described(value: string): string {
  const holders = holdersIn(value).map(({ token, mode, minHold }) => `${token} ${mode}${minHold ? ' min-hold' : ''}`);
  const end = value.indexOf('\n');
  return `[${holders.join(', ')}]${end === -1 ? '' : ` + ${value.length - end} characters of line`}`;
}
