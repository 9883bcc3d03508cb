/**
 * A job that its queue puts off, and asks again later, waits: once, from the first time it was put off until it runs or gives up. So
 * that is what the locker's listeners are told, and not a skip each time.
 */

import type { Job } from 'bullmq';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { Skipped } from '../lock/api/refusal.ts';
import type { OpenWait } from '../lock/api/run.ts';
import type { LockScope, StarveAfter } from '../lock/options.ts';
import { normalizeName } from '../lock/plan/names.ts';
import { resolveScope } from '../lock/plan/scope.ts';
import { keyOf } from './recall.ts';
import { wakeListOf } from './wake.ts';

/** One job's wait, as this process knows it. */
export interface PutOff extends OpenWait {
  /** How often it was started in this wait, this time included, as far as this process knows: at most as often as it did not fail. */
  readonly starts: number;
  isStarving(): boolean;
  /** What kept a job that has its turn before this one, and is on its way. */
  isBehind(): Promise<Skipped | undefined>;
  /**
   * It is put off again, `isFirst` in the whole fleet: tells of the wait once, and when it has taken too long, once as well. When its table
   * is let go it is woken, once `moving` has brought it among the delayed jobs.
   */
  goesOn(refused: Skipped, isFirst: boolean, moving: Promise<unknown>): void;
  /** It has been put off too often: that is a skip. */
  gaveUp(refused: Skipped): void;
  /** It runs. */
  begins(): void;
  /** It has failed. */
  over(): void;
}

/** As ten skips in a row are too many where nobody says anything: twice the longest that a lock is held by default. */
const starvesAfterMs = 600_000;
/** A job that another process finished is never heard of again here. */
const jobsKept = 4_096;

interface Known {
  readonly sinceMonoMs: number;
  looks: number;
  told: boolean;
}

/** The waits of one processor's jobs. Counted from when this process first put the job off: what it waited elsewhere before is not known. */
export function putOffJobs(
  locker: ResourceLocker,
  { ms = starvesAfterMs }: StarveAfter = {},
): {
  of(job: Job, shown: string, wanted: LockScope): PutOff;
} {
  const waits = new Map<string, Known>();
  /** With which of its starts a job last began to work, or gave up: what comes after is another wait. */
  const ends = new Map<string, number>();
  const wakeList = wakeListOf(locker);
  const remember = (key: string): Known => {
    const wait = waits.get(key) ?? { sinceMonoMs: performance.now(), looks: 0, told: false };
    keep(waits, key, wait);
    return wait;
  };
  return {
    of(job, shown, wanted) {
      const key = keyOf(job);
      const known = waits.get(key);
      const waitedMs = known === undefined ? 0 : performance.now() - known.sinceMonoMs;
      const scope = resolveScope(wanted, (name) => normalizeName(name, locker.nameRules));
      const over = (): void => {
        waits.delete(key);
        wakeList.remove(job);
      };
      return {
        waitedMs,
        starts: startsOf(job, ends.get(key)),
        isStarving: () => known !== undefined && waitedMs >= ms,
        isBehind: () => wakeList.before(job, scope),
        over,
        begins() {
          waits.delete(key);
          keep(ends, key, job.attemptsStarted);
          wakeList.begin(job, scope);
        },
        goesOn(refused, isFirst, moving) {
          const { resource, holders } = refused;
          if (refused.reason === 'busy') wakeList.add(job, scope, refused, moving);
          const wait = remember(key);
          wait.looks++;
          if (isFirst) locker.announce('waiting', () => ({ resource, job: shown, holders }));
          if (wait.told || performance.now() - wait.sinceMonoMs < ms) return;
          wait.told = true;
          locker.announce('starving', () => ({ job: shown, resource, skips: wait.looks, sinceMs: waitedMs, holders }));
        },
        gaveUp({ reason, resource, holders }) {
          over();
          keep(ends, key, job.attemptsStarted);
          locker.announce('skipped', () => ({ scope, job: shown, reason, resource, holders, waitedMs }));
        },
      };
    },
  };
}

/** How often the job was started since the wait before, which ended with its start number `ended`; where that is not known, how often it did not fail. */
function startsOf({ attemptsStarted, attemptsMade }: Job, ended = 0): number {
  // A job that begins again from nothing, by its id, has fewer.
  return attemptsStarted - Math.max(attemptsMade, ended < attemptsStarted ? ended : 0);
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > jobsKept && oldest !== undefined) map.delete(oldest);
}
