import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { LockClient } from '../../src/leases/index.ts';
import type { LockStore, Version } from '../../src/lock/store.ts';
import { timed } from '../support/stopwatch.ts';
import { type Backend, backends, type OpenStore, type RunningBackend, whereThereIs } from './backends.ts';

const unavailable = { name: 'StoreUnavailableError' };
const minute = 60_000;
const timeoutMs = 1_000;
const slackMs = 1_000;

describe.each<Backend>([...backends])('a crash of $name', ({ service, start }) => {
  whereThereIs(service, () => {
    let server: RunningBackend;
    let opened: OpenStore[];
    let store: LockStore;
    let other: LockStore;

    beforeAll(async () => {
      server = await start();
    }, 90_000);
    beforeEach(async () => {
      opened = [await server.open({ timeoutMs }), await server.open({ timeoutMs })];
      [store, other] = opened.map((each) => each.store) as [LockStore, LockStore];
      for (const each of [store, other]) await healthy(each);
    });
    afterEach(async () => {
      await Promise.all(opened.map((each) => each.close()));
    });
    afterAll(() => server.stop());

    async function healthy(each: LockStore): Promise<void> {
      const answers = (): Promise<boolean> =>
        each.read('health').then(
          () => true,
          () => false,
        );
      while (!(await answers())) await sleep(20);
    }

    test.each([0, 3, 20])('%i ms into 30 operations, and a restart: nobody is told a lie, and the same client goes on', async (delayMs) => {
      const key = (name: string): string => `${name}-${delayMs}`;
      const each = Array.from({ length: 10 }, (_, index) => index);
      const made = async (name: string): Promise<Version> => (await store.create(name, 'value', minute)) as Version;
      const held = await made(key('held'));
      const [toReplace, toRemove] = [
        await Promise.all(each.map((n) => made(key(`replaced-${n}`)))),
        await Promise.all(each.map((n) => made(key(`removed-${n}`)))),
      ];

      const calls = Promise.all([
        Promise.allSettled(each.map((n) => store.create(key(`created-${n}`), 'value', minute))),
        Promise.allSettled(each.map((n) => store.replace(key(`replaced-${n}`), 'next', toReplace[n] as Version, minute))),
        Promise.allSettled(each.map((n) => store.remove(key(`removed-${n}`), toRemove[n] as Version))),
      ]);
      await sleep(delayMs);
      await server.kill();
      await server.start();
      const [created, replaced, removed] = await calls;
      await healthy(store);
      await healthy(other);

      const { durable } = store.traits;
      for (const outcome of [...created, ...replaced, ...removed])
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(unavailable);
      for (const n of each) {
        // The entry was ours, and no time ran out: a "no" would be a lie unless the server has forgotten it.
        const [create, replace, remove] = [created[n], replaced[n], removed[n]].map((outcome) =>
          outcome?.status === 'fulfilled' ? outcome.value : 'unknown',
        );
        const [a, b, c] = await Promise.all(
          [key(`created-${n}`), key(`replaced-${n}`), key(`removed-${n}`)].map((name) => other.read(name)),
        );
        if (durable) {
          expect(create).toBeDefined();
          if (create !== 'unknown') expect(a?.value).toBe('value');
          expect(replace).toBeDefined();
          expect(['value', 'next'].slice(replace === 'unknown' ? 0 : 1)).toContain(b?.value);
          expect(remove).not.toBe(false);
          if (remove === true) expect(c).toBeUndefined();
        } else {
          expect(['value', undefined]).toContain(a?.value);
          expect(['next', undefined]).toContain(b?.value);
          expect(c).toBeUndefined();
        }
        // What the caller was given is good for the entry, as long as that is there.
        if (isVersion(create)) expect(await store.remove(key(`created-${n}`), create)).toBe(a !== undefined);
        if (isVersion(replace)) expect(await store.remove(key(`replaced-${n}`), replace)).toBe(b !== undefined);
      }

      if (durable) {
        expect(await other.create(key('held'), 'thief', minute)).toBeUndefined();
        const next = (await store.replace(key('held'), 'next', held, minute)) as Version;
        if (held.fence !== undefined) expect((next.fence ?? 0n) > held.fence).toBe(true);
        expect(await store.remove(key('held'), next)).toBe(true);
      } else {
        expect(await other.read(key('held'))).toBeUndefined();
        const successor = await other.create(key('held'), 'successor', minute);
        expect(await store.replace(key('held'), 'late', held, minute)).toBeUndefined();
        expect(await store.remove(key('held'), held)).toBe(false);
        expect(await other.remove(key('held'), successor as Version)).toBe(true);
      }
    });

    test('a holder keeps its lock where the store is durable, else is told that it vanished; the next one gets it', async () => {
      const lockerOn = (each: LockStore): ResourceLocker => createLocker({ store: each, onStoreDown: 'throw', maxHoldMs: minute });
      const [mine, theirs] = [lockerOn(store), lockerOn(other)];
      const lock = await mine.lock('visits');
      await server.kill();
      const { error, awakeMs } = await timed(theirs.tryLock('visits'));
      expect(error).toMatchObject(unavailable);
      expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      await server.start();
      await healthy(store);
      await healthy(other);
      expect(await lock?.extend()).toBe(store.traits.durable);
      if (store.traits.durable) {
        expect(await theirs?.tryLock('visits')).toBeUndefined();
        expect(await lock?.unlock()).toBe(true);
      } else {
        expect(lock?.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'vanished' });
      }
      const next = await theirs?.tryLock('visits');
      expect(next?.isProtected).toBe(true);
      expect(await lock?.unlock()).toBe(false);
      expect(await next?.unlock()).toBe(true);
      await Promise.all([mine?.close(), theirs?.close()]);
    });

    test('a lease likewise', async () => {
      const [mine, theirs] = [store, other].map((each) => new LockClient({ store: each, namespace: 'leases' })) as [LockClient, LockClient];
      const seat = { partitionKey: 'seat', sortKey: 'A5', shouldSkipBlockingWait: true };
      const item = await mine.acquireLock(seat);
      await server.kill();
      await Promise.all([
        expect(theirs.tryAcquireLock(seat)).rejects.toMatchObject(unavailable),
        expect(mine.sendHeartbeat(item)).rejects.toMatchObject(unavailable),
      ]);
      await server.start();
      await healthy(store);
      await healthy(other);
      if (store.traits.durable) {
        expect(await theirs.tryAcquireLock(seat)).toBeUndefined();
        await mine.sendHeartbeat(item);
        expect(await mine.releaseLock(item)).toBe(true);
      } else {
        await expect(mine.sendHeartbeat(item)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
        expect(item.signal?.reason).toMatchObject({ reason: 'vanished' });
      }
      const next = await theirs.acquireLock(seat);
      expect(await mine.releaseLock(item)).toBe(false);
      expect(await theirs.releaseLock(next)).toBe(true);
      await Promise.all([mine.close(), theirs.close()]);
    });
  });
});

function isVersion(answer: unknown): answer is Version {
  return typeof answer === 'object' && answer !== null;
}
