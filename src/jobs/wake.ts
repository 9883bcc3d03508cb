/**
 * Jobs that found their table busy stand in their queues as delayed, each with a time of its own at which it looks again. So that the table
 * is not idle until then, this process knows those it has put off, and wakes them in turn: a line for each table.
 */

import type { Job } from 'bullmq';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { Skipped } from '../lock/api/refusal.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { modeIn, needsOf } from '../lock/plan/scope.ts';
import { processWide } from './process-wide.ts';
import { PutOffLine } from './put-off-line.ts';

export interface WakeList {
  /** `job` was refused, and is being put off: `moving` settles when its queue has it. */
  add(job: Job, scope: ResolvedScope, refused: Skipped, moving: Promise<unknown>): void;
  /** It runs under a lock of this scope. */
  begin(job: Job, scope: ResolvedScope): void;
  /** It has ended otherwise. */
  remove(job: Job): void;
  /** What kept one that comes before `job`, was woken, and is on its way to a table of this scope. */
  before(job: Job, scope: ResolvedScope): Promise<Skipped | undefined>;
}

const lists = processWide('wake-lists.v1', () => new WeakMap<ResourceLocker, WakeList>());

/** One for all queues whose locks this locker takes. */
export function wakeListOf(locker: ResourceLocker): WakeList {
  const list = lists.get(locker) ?? createWakeList(locker);
  lists.set(locker, list);
  return list;
}

function createWakeList(locker: ResourceLocker): WakeList {
  /** From when it is ours until the store has let go: `locker.held()` forgets a lock at once. */
  const holding = new Map<number, ResolvedScope>();
  const lines = new Map<string, PutOffLine>();
  const lineAt = (resource: string): PutOffLine => {
    const known = lines.get(resource);
    if (known !== undefined) return known;
    const heldHere = () => [...holding.values()].flatMap((scope) => modeIn(scope, resource, locker.defaultSchema) ?? []);
    const line = new PutOffLine({ resource, heldHere, inspect: () => locker.inspect(resource) }, () => lines.delete(resource));
    lines.set(resource, line);
    return line;
  };
  /** The line in which it stood. */
  const removed = (job: Job): PutOffLine | undefined => [...lines.values()].find((line) => line.remove(job));

  locker.on('acquired', ({ id, scope }) => void holding.set(id, scope));
  const letGo = ({ id, scope }: { readonly id: number; readonly scope: ResolvedScope }): void => {
    holding.delete(id);
    // A schema is held by whoever holds a table in it, which its scope does not say.
    for (const [resource, line] of lines)
      if (resource.endsWith('.*') || modeIn(scope, resource, locker.defaultSchema) !== undefined) line.letGo();
  };
  for (const event of ['released', 'release-failed', 'lost'] as const) locker.on(event, letGo);

  return {
    remove: (job) => void removed(job),
    begin(job, scope) {
      removed(job);
      // One that was never put off knows of no others.
      if (job.attemptsStarted - job.attemptsMade > 1) for (const { resource } of needsOf(scope)) lineAt(resource).ran(job);
    },
    add(job, scope, refused, moving) {
      const before = removed(job);
      const line = lineAt(refused.resource);
      line.add({ job, mode: modeIn(scope, refused.resource, locker.defaultSchema) ?? 'append', refused, moving });
      // It was woken for one table and waits for another one now: the first is the next one's.
      if (before !== line) before?.wakeNext();
    },
    async before(job, scope) {
      for (const { resource, mode } of needsOf(scope)) {
        const first = await lines.get(resource)?.firstBefore(job, mode);
        if (first === undefined) continue;
        const holders = await locker.inspect(resource).catch(() => []);
        return holders.length > 0 ? { ...first.refused, holders } : first.refused;
      }
      return undefined;
    },
  };
}
