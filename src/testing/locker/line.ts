import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceLocker } from '../../lock/api/locker.ts';
import type { Behaviour } from '../behaviour.ts';
import { until } from '../waiting.ts';

const patience = { maxWaitMs: 25_000, delayMs: 5, maxDelayMs: 100 };

/** Who waits, in which order they get it, and how many at once. Where the store does not append, nobody stands in line. */
export const lineBehaviours: readonly Behaviour[] = [
  {
    id: 'line-order',
    title: 'those who wait in different processes stand in line, are shown with their places, and are served in that order',
    async run({ stores, traits, locker, freshName }) {
      if (!traits.appends) return;
      const [holder, ...others] = stores.map((store) => locker(store)) as [ResourceLocker, ...ResourceLocker[]];
      const name = freshName();
      const lock = await holder.lock(name);
      const places = async (): Promise<string[]> => (await holder.inspect(name)).slice(1).map(({ job, place }) => `${place} ${job}`);
      const served: string[] = [];
      const runs: Promise<unknown>[] = [];
      for (const [index, each] of others.entries()) {
        const job = `job ${index + 1}`;
        runs.push(each.run(name, () => served.push(job), { onBusy: 'retry', retry: patience, job }));
        await until(`${job} stands in line`, async () => (await places()).length > index);
      }
      assert.deepEqual(await places(), ['1 job 1', '2 job 2', '3 job 3']);
      assert.equal(await lock.unlock(), true);
      await Promise.all(runs);
      assert.deepEqual(served, ['job 1', 'job 2', 'job 3']);
      assert.deepEqual(await holder.inspect(name), []);
    },
  },
  {
    id: 'line-kept',
    title: 'nobody joins the sharers, and nobody gets in, before a writer that waits',
    async run({ stores: [one, two, three], traits, locker, freshName }) {
      if (!traits.appends) return;
      const [a, b, writer, name] = [locker(one), locker(two), locker(three), freshName()];
      const lock = await a.lock({ appends: name });
      const waiting = writer.lock(name, { retry: patience });
      await until('the writer stands in line', async () => (await b.inspect(name)).length === 2);
      assert.equal(await b.tryLock({ appends: name }), undefined, 'it joined the sharers');
      assert.equal(await lock.unlock(), true);
      const back = b.lock({ appends: name }, { retry: patience });
      const written = await waiting;
      assert.equal(await a.tryLock({ appends: name }), undefined, 'it got in beside the writer');
      assert.equal(await written.unlock(), true);
      assert.equal(await (await back).unlock(), true);
    },
  },
  {
    id: 'line-starves-nobody',
    title: 'a stream of appends does not starve a writer (P5)',
    async run({ stores, traits, locker, freshName }) {
      if (!traits.appends) return;
      const [writer, ...others] = stores.map((store) => locker(store)) as [ResourceLocker, ...ResourceLocker[]];
      const name = freshName();
      let streaming = true;
      const stream = async (each: ResourceLocker): Promise<void> => {
        while (streaming) await each.run({ appends: name }, () => sleep(3), { onBusy: 'retry', retry: patience });
      };
      const streams = others.flatMap((each) => [stream(each), stream(each)]);
      for (let round = 0; round < 3; round += 1)
        assert.equal((await writer.run(name, () => {}, { onBusy: 'retry', retry: patience })).status, 'ran');
      streaming = false;
      await Promise.all(streams);
    },
  },
  {
    id: 'limits',
    title: 'of a table whose limit is two no more than two are held at once, over four lockers and within one, and all get their turn',
    async run({ stores, locker, freshName }) {
      const name = freshName();
      const lockers = stores.map((store) => locker(store, { resources: { [name]: { limits: { appends: 2 } } } }));
      let [inside, most] = [0, 0];
      await Promise.all(
        Array.from({ length: 16 }, async (_, task) => {
          await using _lock = await (lockers[task % lockers.length] as ResourceLocker).lock({ appends: name }, { retry: patience });
          inside += 1;
          most = Math.max(most, inside);
          await sleep(3);
          inside -= 1;
        }),
      );
      assert(most <= 2, `${most} were inside`);
      const [first, second] = [await lockers[0]?.lock({ appends: name }), await lockers[0]?.lock({ appends: name })];
      assert.equal(await lockers[0]?.tryLock({ appends: name }), undefined);
      assert.equal(await lockers[1]?.tryLock({ appends: name }), undefined);
      const seen = await lockers[1]?.inspect(name);
      assert.deepEqual(
        seen?.map(({ seats, limit }) => `${seats} of ${limit}`),
        ['1 of 2', '1 of 2'],
      );
      assert.equal(await first?.unlock(), true);
      assert.equal(await second?.unlock(), true);
    },
  },
];
