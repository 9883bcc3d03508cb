import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { startWorker, type Told, type Worker } from '../processes/spawn.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { overlaps } from './overlaps.ts';

const fires = 30;

describeWith('memcached', (service) => {
  let instances: readonly Worker[] = [];
  afterEach(async () => {
    for (const { process } of instances) process.kill('SIGKILL');
    await Promise.all(instances.map(({ ended }) => ended));
  });

  test('three processes, 50 ms apart, every second, a job of 5 ms, 30 fires', async () => {
    const namespace = uniqueName();
    instances = [-50, 0, 50].map((skewMs) =>
      startWorker('../jobs/cron-worker.ts', [], { MEMCACHED: service.url, NAMESPACE: namespace, SKEW_MS: String(skewMs) }),
    );
    const ready = await Promise.all(instances.map(({ told }) => told('ready')));
    const firstFire = Math.ceil(Math.max(...ready.map(({ at }) => at)) / 1_000) * 1_000 + 1_000;
    const counted = Array.from({ length: fires }, (_, index) => firstFire + index * 1_000);
    const lastFire = firstFire + fires * 1_000;
    await sleep(lastFire - Date.now() + 500);
    const told = (what: string): Told[] => instances.flatMap(({ lines }) => lines.filter((line) => line.what === what));
    const runsOf = (what: string): number[] => counted.map((fire) => told(what).filter((line) => line['fire'] === fire).length);
    // On a busy machine the last ones come late.
    while (['once', 'elected', 'both'].some((what) => runsOf(what).includes(0)) && Date.now() < lastFire + 5_000) await sleep(100);

    expect(runsOf('once')).toEqual(counted.map(() => 1));
    expect(runsOf('elected')).toEqual(counted.map(() => 1));
    expect(runsOf('both')).toEqual(counted.map(() => 1));
    // Mutual exclusion alone lets each instance run a fire in turn: that is what 'once-per-fire' is for.
    expect(told('alone').length).toBeGreaterThan(fires);
    for (const what of ['alone', 'both', 'shared']) expect(overlaps(told(what))).toEqual([]);
    expect(told('shared').length).toBeGreaterThan(fires);
  }, 60_000);
});
