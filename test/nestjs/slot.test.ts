import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { CronExpression } from '@nestjs/schedule';
import { slotOf } from '../../src/nestjs/slot.ts';

type Job = Parameters<typeof slotOf>[0];

/** On which `@nestjs/schedule` stands. */
const { CronTime } = createRequire(require.resolve('@nestjs/schedule'))('cron') as {
  CronTime: new (expression: string, zone: string) => Job['cronTime'];
};

const jobOf = (expression: string, zone: string): Job => ({ cronTime: new CronTime(expression, zone) }) as Job;
/** Those of once in some weeks or longer are too slow to be followed. */
const expressions = Object.values(CronExpression).filter((expression) => !/ 1 (?:\*|1)/.test(expression));

describe('the slot of a fire', () => {
  // Winter; the nights in which clocks change.
  test.each([
    ['UTC', ['2026-01-05T03:04:05Z']],
    ['Europe/Paris', ['2026-03-28T23:50:00Z', '2026-10-24T22:10:00Z']],
    ['America/New_York', ['2026-03-08T05:00:00Z', '2026-11-01T03:50:00Z']],
    ['Australia/Lord_Howe', ['2026-04-04T12:00:00Z', '2026-10-03T12:00:00Z']],
  ])('in %s it is the moment that cron has planned, to the second and up to a second late', (zone, starts) => {
    const compared = expressions.flatMap((expression) =>
      starts.flatMap((start) => {
        const job = jobOf(expression, zone);
        const planned = job.cronTime.getNextDateFrom(new Date(start), zone).toMillis();
        return [0, 3, 990].map((lateMs) => [planned, slotOf(job, zone, new Date(planned + lateMs), undefined).getTime()]);
      }),
    );
    expect(compared.length).toBeGreaterThan(80);
    expect(compared.filter(([planned, slot]) => slot !== planned)).toEqual([]);
  });

  test('of a fire that is later than that, it is what was planned at the fire before, else the second', () => {
    const daily = jobOf('0 3 * * *', 'UTC');
    const now = new Date('2026-01-05T03:00:07.250Z');
    const planned = new Date('2026-01-05T03:00:00Z');
    expect(slotOf(daily, 'UTC', now, planned)).toEqual(planned);
    expect(slotOf(daily, 'UTC', now, undefined)).toEqual(new Date('2026-01-05T03:00:07Z'));
    expect(slotOf(daily, 'UTC', now, new Date('2026-01-06T03:00:00Z'))).toEqual(new Date('2026-01-05T03:00:07Z'));
  });
});
