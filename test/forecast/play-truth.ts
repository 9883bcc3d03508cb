/** Plays a fleet of jobs through the real `schedule` and the real locker, on a fake clock and a memory store. */
import type { ScheduledTask } from 'node-cron';
import { type Random, randomOf } from '../../src/forecast/random.ts';
import { createLocker } from '../../src/index.ts';
import type { JobSettings } from '../../src/jobs/configured.ts';
import { schedule } from '../../src/jobs/cron.ts';
import { createJournal, type JournalEntry } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { stopTime } from './stopped-time.ts';

/** A job as the config has it, and how long its work takes. */
export interface TrueJob extends JobSettings {
  readonly workMs: (random: Random, atMs: number) => number;
}

export interface Truth {
  readonly entries: readonly JournalEntry[];
  readonly fires: Readonly<Record<string, { readonly ran: number; readonly skipped: number; readonly missed: number }>>;
}

const dayMs = 86_400_000;
/** Renewals are not what is judged here, and at every ten seconds of every hold they are most of the work. */
const ttlMs = 3_600_000;

/** An event loop that is not busy is no later. */
const latestTimerMs = 20;

export async function playTruth(jobs: Readonly<Record<string, TrueJob>>, fromMs: number, days: number, seed: number): Promise<Truth> {
  const random = randomOf(seed);
  const clock = fakeClock({ wallMs: fromMs - 1 });
  const backend = memoryStore({ clock });
  const journal = createJournal({ limit: 1_000_000, clock });
  using _ = stopTime(clock, () => random() * latestTimerMs);
  const tasks: (ScheduledTask & { readonly name_: string; fires(): Truth['fires'][string] })[] = [];
  for (const [name, { workMs, writes, appends, reads, cron, timezone, onBusy, retry, instances = 1 }] of Object.entries(jobs)) {
    for (let instance = 0; instance < instances; instance++) {
      const locker = createLocker({ store: backend.connect(), clock, host: `${name}-${instance}`, ttlMs, nesting: 'explicit' });
      journal.observe(locker);
      const scope = { ...(writes && { writes }), ...(appends && { appends }), ...(reads && { reads }) };
      const work = (): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, workMs(random, clock.wallMs())));
      const options = { locker, scope, name, ...(timezone && { timezone }), ...(onBusy && { onBusy }), ...(retry && { retry }) };
      tasks.push(Object.assign(schedule(cron, work, options), { name_: name }));
    }
  }
  await clock.advance(days * dayMs);
  for (const task of tasks) task.stop();
  await clock.advance(dayMs / 4);
  const fires: Record<string, { ran: number; skipped: number; missed: number }> = {};
  for (const task of tasks) {
    const { ran, skipped, missed } = task.fires();
    const sum = fires[task.name_] ?? { ran: 0, skipped: 0, missed: 0 };
    fires[task.name_] = { ran: sum.ran + ran, skipped: sum.skipped + skipped, missed: sum.missed + missed };
    task.destroy();
  }
  return { entries: await journal.entries(), fires };
}
