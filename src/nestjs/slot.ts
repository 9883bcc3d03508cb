import type { SchedulerRegistry } from '@nestjs/schedule';

/** A job of `cron`, on which `@nestjs/schedule` stands. */
type CronJob = ReturnType<SchedulerRegistry['getCronJob']>;

/** `cron` counts in whole seconds, so a fire that comes in time is the only one of its second. */
const oneSecondMs = 1_000;

/**
 * The moment for which a fire was planned, by which the fleet knows it: `cron` does not say. One that comes more than a second
 * late, from a busy process, is the one that was `planned`, as `nextDate()` said at the fire before. Where daylight saving time
 * begins and ends only `cron` itself knows when its fires are, so it is asked.
 */
export function slotOf(job: CronJob, timeZone: string | undefined, now: Date, planned: Date | undefined): Date {
  const zone = timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const latest = job.cronTime.getNextDateFrom(new Date(now.getTime() - oneSecondMs), zone).toMillis();
  if (latest <= now.getTime()) return new Date(latest);
  return planned !== undefined && planned <= now ? planned : new Date(now.getTime() - (now.getTime() % oneSecondMs));
}
