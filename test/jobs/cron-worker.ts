/**
 * One instance of a fleet for tests: schedules the same jobs as its siblings, on a clock that is wrong by SKEW_MS, and
 * tells when each run began and ended, on the clock that all processes of a machine share.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { schedule as scheduleTask } from 'node-cron';
import { createLocker } from '../../src/index.ts';
import { runCoordinator, schedule } from '../../src/jobs/cron.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';

const skewMs = Number(process.env['SKEW_MS']);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args: [] | [string]) {
    if (args.length === 0) super(RealDate.now() + skewMs);
    else super(...args);
  }
  static override now(): number {
    return RealDate.now() + skewMs;
  }
} as DateConstructor;

const locker = createLocker({
  store: memcachedStore({ servers: process.env['MEMCACHED'] ?? '' }),
  namespace: process.env['NAMESPACE'] ?? '',
});
const sharedClockMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

function tell(what: string, more: object): void {
  process.stdout.write(`${JSON.stringify({ what, at: RealDate.now(), ...more })}\n`);
}

async function work(what: string, fire: Date): Promise<void> {
  const began = sharedClockMs();
  await sleep(5);
  tell(what, { fire: fire.getTime(), began, ended: sharedClockMs() });
}

const everySecond = '* * * * * *';
schedule(everySecond, ({ date }) => work('once', date), { locker, name: 'once', guarantee: 'once-per-fire' });
schedule(everySecond, ({ date }) => work('alone', date), { locker, name: 'alone', scope: 'visits' });
schedule(everySecond, ({ date }) => work('both', date), { locker, name: 'both', scope: 'rollup', guarantee: 'both' });
schedule(everySecond, ({ date }) => work('shared', date), { locker, name: 'load', scope: 'events', onBusy: 'retry' });
schedule(everySecond, ({ date }) => work('shared', date), { locker, name: 'delays', scope: 'events', onBusy: 'retry' });
scheduleTask(everySecond, ({ date }) => work('elected', date), {
  name: 'elected',
  distributed: true,
  runCoordinator: runCoordinator(locker),
});
tell('ready', {});
