import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { attemptMs, type CallTime, grantMs, leftMs } from '../../../src/stores/memcached/call-time.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { setStage } from './stage.ts';
import { transports } from './transports.ts';

const ttlMs = 30_000;
const timeoutMs = 200;

/** Nothing else runs in this process meanwhile: no timer, no socket. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** Which connection a version came from: the same as before means that nothing was given up. */
const epochOf = (version: Version | undefined): symbol => (version as unknown as { epoch: symbol }).epoch;

describeWith('memcached', () => {
  describe.each(transports)('$name', (transport) => {
    // No proxy here: it lives in this process, and would be blocked as well.
    const stage = setStage(transport);

    describe('P7: a loop that is blocked past the deadline', () => {
      /** One failure would open this breaker. */
      const open = (): LockStore => stage.openDirect({ timeoutMs, breaker: { failures: 1 } });

      test('while the reply is in the socket: it is believed, the connection stays, the breaker does not count', async () => {
        const [store, key] = [open(), stage.freshKey()];
        const before = (await store.create(stage.freshKey(), 'warm', ttlMs)) as Version;
        const created = store.create(key, 'mine', ttlMs);
        process.nextTick(() => block(3 * timeoutMs)); // after the tick's requests were written
        const version = await created;
        expect(version).toBeDefined();
        expect(epochOf(version)).toBe(epochOf(before));
        expect(await store.remove(key, version as Version)).toBe(true);
      });

      test('while many replies are: each call gets its grace, not the first alone', async () => {
        const store = open();
        const before = (await store.create(stage.freshKey(), 'warm', ttlMs)) as Version;
        stage.server.pause();
        const created = [store.create(stage.freshKey(), 'first', ttlMs)];
        await sleep(timeoutMs / 4);
        for (let count = 0; count < 50; count += 1) created.push(store.create(stage.freshKey(), 'later', ttlMs));
        process.nextTick(() => {
          block(2 * timeoutMs);
          stage.server.resume();
        });
        for (const version of await Promise.all(created)) expect(epochOf(version)).toBe(epochOf(before));
      });

      test('while it is still connecting', async () => {
        const [store, key] = [open(), stage.freshKey()];
        const created = store.create(key, 'mine', ttlMs);
        block(3 * timeoutMs);
        expect(await created).toBeDefined();
        expect(await store.read(key)).toMatchObject({ value: 'mine' });
      });

      test('in the middle of a call of two requests', async () => {
        const [store, key] = [open(), stage.freshKey()];
        const foreign = (await stage.openDirect().create(key, 'mine', ttlMs)) as Version;
        await store.read(key);
        const removed = store.remove(key, foreign); // its connection is another one: get, then delete
        process.nextTick(() => block(3 * timeoutMs));
        expect(await removed).toBe(true);
      });

      test('again and again, between calls and within them', async () => {
        const store = open();
        const before = (await store.create(stage.freshKey(), 'warm', ttlMs)) as Version;
        let isBusy = true;
        const busy = (async () => {
          while (isBusy) {
            block(120);
            await nextTurn();
          }
        })();
        try {
          for (let round = 0; round < 4; round += 1) {
            const key = stage.freshKey();
            const version = (await store.create(key, 'mine', ttlMs)) as Version;
            expect(epochOf(version)).toBe(epochOf(before));
            expect(await store.remove(key, version)).toBe(true);
          }
        } finally {
          isBusy = false;
        }
        await busy;
      });

      test('before a server that is really dead: the call ends all the same', async () => {
        const store = open();
        await store.read(stage.freshKey());
        stage.server.pause();
        const created = timed(store.create(stage.freshKey(), 'mine', ttlMs));
        process.nextTick(() => block(2 * timeoutMs));
        const { error, awakeMs } = await created;
        stage.server.resume();
        expect(error).toMatchObject({ name: 'StoreUnavailableError' });
        expect(awakeMs).toBeLessThan(4 * timeoutMs + 400);
      });
    });
  });
});

describe('the time of one call', () => {
  const startMs = 7_000;
  const started = (): CallTime => ({ timeoutMs: 1_000, untilMs: startMs + 1_000, graceMs: 1_000 });

  test('half of it for a try, the rest to find out; all of it when little is left', () => {
    const call = started();
    expect(attemptMs(call, startMs)).toBe(500);
    expect(attemptMs(call, startMs + 700)).toBe(150);
    expect(attemptMs(call, startMs + 800)).toBe(200);
  });

  test('is over without crumbs when it ends on time', () => {
    expect(leftMs(started(), startMs + 1_005)).toBe(0);
  });

  test('grows by as much as it was late, and by its own length at most in all', () => {
    const call = started();
    expect(leftMs(call, startMs + 1_600)).toBe(600);
    expect(leftMs(call, startMs + 6_600)).toBe(400);
    expect(leftMs(call, startMs + 11_600)).toBe(0);
  });

  test('grows as well by what a request was late, if it ends for that', () => {
    const call = started();
    expect(grantMs(call, startMs + 500, startMs + 510)).toBe(0);
    expect(grantMs(call, startMs + 500, startMs + 900)).toBe(400);
    expect(call).toMatchObject({ untilMs: startMs + 1_300, graceMs: 600 });
  });
});
