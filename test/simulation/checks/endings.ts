/** One end for each beginning in the events of one locker. */
import type { Report } from '../breaches.ts';

export interface Endings {
  acquired(id: number, job: string): void;
  lost(id: number): void;
  /** `released` or `release-failed`. */
  let(id: number): void;
  waiting(job: string): void;
  skipped(job: string): void;
  /** The call of this job has settled. `failed`: with the store's error, of which other events tell. */
  settled(job: string, failed: boolean): void;
  wasLost(id: number): boolean;
  /** The id of the lock that this job was given last. */
  idOf(job: string): number | undefined;
  /** The locker is closed: all that has begun has ended. */
  mustBeOver(): void;
}

interface Life {
  readonly job: string;
  lost: number;
  let: number;
}

export function createEndings(report: Report, who: string): Endings {
  const lives = new Map<number, Life>();
  const ids = new Map<string, number>();
  const waits = new Map<string, { waiting: number; acquired: number; skipped: number }>();
  const waitOf = (job: string): { waiting: number; acquired: number; skipped: number } => {
    const known = waits.get(job) ?? { waiting: 0, acquired: 0, skipped: 0 };
    waits.set(job, known);
    return known;
  };
  const lifeOf = (id: number, what: string): Life | undefined => {
    const life = lives.get(id);
    if (life === undefined) report('events', who, `${what} is told of a lock that was never acquired`);
    return life;
  };
  return {
    acquired(id, job) {
      lives.set(id, { job, lost: 0, let: 0 });
      ids.set(job, id);
      waitOf(job).acquired++;
    },
    lost(id) {
      const life = lifeOf(id, 'lost');
      if (life === undefined) return;
      life.lost++;
      if (life.lost > 1 || life.let > 0)
        report('events', who, `the lock of ${life.job} is told lost ${life.let > 0 ? 'after its release' : 'twice'}`);
    },
    let(id) {
      const life = lifeOf(id, 'released');
      if (life === undefined) return;
      life.let++;
      if (life.let > 1) report('events', who, `the lock of ${life.job} is told released twice`);
    },
    waiting(job) {
      waitOf(job).waiting++;
    },
    skipped(job) {
      waitOf(job).skipped++;
    },
    settled(job, failed) {
      const { waiting, acquired, skipped } = waitOf(job);
      // Whoever gave up while the store was asked may be given the lock, lets it go at once, and is skipped.
      if (acquired > 1 || skipped > 1) report('events', who, `${job} is told ${acquired} times acquired and ${skipped} times skipped`);
      else if (waiting > 0 && acquired + skipped === 0 && !failed) report('events', who, `${job} waited, and no event tells the end of it`);
    },
    wasLost: (id) => (lives.get(id)?.lost ?? 0) > 0,
    idOf: (job) => ids.get(job),
    mustBeOver() {
      for (const { job, lost, let: letGo } of lives.values())
        if (lost + letGo === 0) report('events', who, `the lock of ${job} has no end in the events`);
    },
  };
}
