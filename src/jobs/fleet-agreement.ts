/**
 * A fire belongs to whoever takes its name first. Where two instances mean different schedules by one name, one of the two runs,
 * by chance. So each writes down what it means, and tells if another one means something else.
 *
 * It stands in a record of its own, `!fire/<name>`, as an append that is kept for some periods: one entry for each definition
 * there is, by the instance that wrote it first.
 */

import type { ResourceLocker } from '../lock/api/locker.ts';
import { type Holder, printable } from '../lock/holder.ts';
import { ttlRangeMs } from '../lock/plan/options.ts';
import type { Definition } from './definition.ts';
import { fireResource } from './fires.ts';

/** A look costs one request, and four where the definition must be written. A minute: no more than the schedules most people have. */
const lookEveryMs = 60_000;

/** Long enough to be seen by one that fires in every other period. */
const periodsKept = 3;

const form = /^schedule ([0-9a-f]{12}): (.*)$/s;

/** Looks, at most once a minute. Announces a `notice`, once for each other definition. Never rejects. */
export function agreementOf(locker: ResourceLocker, name: string, own: Definition, periodMs: () => number): () => Promise<void> {
  const resource = fireResource(name);
  const told = new Set<string>([own.id]);
  let nextMonoMs = Number.NEGATIVE_INFINITY;

  /** Writes first and looks then: of two that do so at once, one at least sees the other. */
  const look = async (): Promise<readonly Holder[]> => {
    const seen = await locker.inspect(resource);
    if (seen.some((holder) => idOf(holder) === own.id)) return seen;
    const keptMs = Math.min(Math.max(periodsKept * periodMs(), 2 * lookEveryMs), ttlRangeMs.max);
    const mark = {
      job: `schedule ${own.id}: ${own.text}`,
      ttlMs: keptMs,
      minHoldMs: keptMs,
      heartbeat: false,
      onStoreDown: 'throw',
    } as const;
    await (await locker.tryLock({ appends: resource }, mark))?.unlock();
    return locker.inspect(resource);
  };

  return async () => {
    if (performance.now() < nextMonoMs) return;
    nextMonoMs = performance.now() + lookEveryMs;
    // A store that is down, or a locker that is closed, is told of by the fires themselves.
    for (const holder of await look().catch(() => [])) {
      const id = idOf(holder);
      if (id === undefined || told.has(id)) continue;
      told.add(id);
      locker.announce('notice', () => ({ code: 'ERR_GIVEWAY_SCHEDULE_NAME', message: disagreement(name, own, holder), resource }));
    }
  };
}

function idOf({ job = '' }: Holder): string | undefined {
  return form.exec(job)?.[1];
}

function disagreement(name: string, own: Definition, { job = '', host, pid, since }: Holder): string {
  const other = printable(form.exec(job)?.[2] ?? '');
  return (
    `Two schedules of this fleet have the name "${name}", and take fires from each other: here ${own.text}; ` +
    `on ${printable(host || 'an unknown host')} (pid ${pid}, since ${since.toISOString()}) ${other}. Give each a name of its own, or deploy the same one everywhere.`
  );
}
