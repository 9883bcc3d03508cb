import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LockItem } from '../../src/leases/index.ts';
import type { ArmedFault, StoreFault, StoreMethod } from '../../src/testing/index.ts';
import { stage } from './stage.ts';

const client = fc.nat({ max: 1 });
const faults: readonly StoreFault[] = ['reject-before', 'reject-after', 'hang-before', 'hang-after'];
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constantFrom('acquire' as const, 'release' as const, 'heartbeat' as const, 'ensure' as const), client }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('advance' as const, 'block' as const, 'answer' as const),
      ms: fc.constantFrom(100, 1_500, 3_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('fault' as const),
      client,
      method: fc.constantFrom<StoreMethod>('create', 'replace', 'remove'),
      fault: fc.constantFrom(...faults),
    }),
  },
);

test('whatever is asked, lost or late: never two live items of one name, and nobody touches another’s record', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const the = stage();
      const hung: ArmedFault[] = [];
      const parties = [0, 1].map((index) => ({
        ...the.faultyClient({ createHeartbeatBackgroundThread: index > 0 }),
        items: [] as LockItem[],
      }));
      const live = (): number => parties.flatMap(({ items }) => items).filter((item) => !item.isExpired()).length;
      for (const each of steps) {
        if ('ms' in each) {
          if (each.act === 'block') the.clock.block(each.ms);
          else if (each.act === 'answer') for (const fault of hung.splice(0)) fault.release();
          else await the.clock.advance(each.ms);
        } else {
          const party = parties[each.client] as (typeof parties)[number];
          const last = party.items.at(-1);
          const ignore = (): void => {};
          if (each.act === 'fault') hung.push(party.store.arm(each.method, each.fault));
          else if (each.act === 'acquire')
            void party.client
              .tryAcquireLock({
                partitionKey: 'seat',
                additionalTimeToWaitForLockMs: 500,
                refreshPeriodMs: 100,
                deleteLockOnRelease: each.client > 0,
              })
              .then((item) => item && party.items.push(item), ignore);
          else if (each.act === 'release') void last?.close().catch(ignore);
          else void (each.act === 'ensure' ? last?.ensure(4_000) : last?.sendHeartBeat())?.catch(ignore);
          await the.clock.advance(0);
        }
        expect(live()).toBeLessThanOrEqual(1);
        // What a live item stands on is its own record.
        const record = await the.record('giveway:seat');
        const [holder] = parties.flatMap(({ items }) => items).filter((item) => !item.isExpired());
        if (holder !== undefined) expect(record?.lease?.ownerName).toBe(holder.ownerName);
      }
      for (const { store } of parties) store.disarm();
      await the.settle(Promise.all(parties.map((party) => party.client.close())));
    }),
    { numRuns: 300 },
  );
});
