import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Version } from '../../../src/lock/store.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { setStage } from './stage.ts';
import { plainTransports } from './transports.ts';

const longestTtlMs = 3_000;

describeWith('memcached', () => {
  describe.each(plainTransports)('$name', (transport) => {
    const stage = setStage(transport);

    test('after a restart nothing new is granted until the longest TTL has passed; the rest works', async () => {
      const [guarded, plain, key] = [stage.open({ quarantine: { longestTtlMs } }), stage.openDirect(), stage.freshKey()];
      await stage.server.restart();
      const restartedMs = performance.now();
      await expect(guarded.create(key, 'mine', 1_000)).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        code: 'ERR_GIVEWAY_QUARANTINE',
        message: expect.stringMatching(/quarantine for \d s more/),
      });

      const version = (await plain.create(key, 'theirs', 60_000)) as Version;
      expect(await guarded.read(key)).toMatchObject({ value: 'theirs' });
      const renewed = (await guarded.replace(key, 'again', version, 1_000)) as Version;
      expect(await guarded.remove(key, renewed)).toBe(true);

      while ((await timed(guarded.create(key, 'mine', 1_000))).value === undefined) await sleep(100);
      expect(performance.now() - restartedMs).toBeGreaterThanOrEqual(longestTtlMs - 50);
      expect(performance.now() - restartedMs).toBeLessThan(longestTtlMs + 5_000);
    });

    test('a restart in the middle of a call is noticed as well', async () => {
      const store = stage.open({ quarantine: { longestTtlMs: 1_000 }, timeoutMs: 5_000 });
      while ((await timed(store.create(stage.freshKey(), 'mine', 1_000))).value === undefined) await sleep(100);
      stage.proxy.blackHole(1);
      const before = stage.proxy.requests;
      const created = timed(store.create(stage.freshKey(), 'mine', 1_000));
      while (stage.proxy.requests === before) await sleep(5);
      await stage.server.restart();
      expect((await created).error).toMatchObject({ code: 'ERR_GIVEWAY_QUARANTINE' });
    });

    test('a longer TTL that was written makes it longer', async () => {
      const store = stage.open({ quarantine: { longestTtlMs: 1_000 } });
      await expect(store.create(stage.freshKey(), 'mine', 60_000)).rejects.toMatchObject({
        message: expect.stringMatching(/(5\d|6[01]) s more/),
      });
    });

    test('the breaker does not count it', async () => {
      const store = stage.open({ quarantine: true, breaker: { failures: 1 } });
      for (let time = 0; time < 3; time += 1) {
        await expect(store.create(stage.freshKey(), 'mine', 1_000)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_QUARANTINE' });
      }
    });

    test('the uptime is asked once per connection', async () => {
      const store = stage.open({ quarantine: { longestTtlMs: 1_000 } });
      while ((await timed(store.create(stage.freshKey(), 'mine', 1_000))).value === undefined) await sleep(100);
      stage.proxy.forget();
      for (let time = 0; time < 3; time += 1) await store.create(stage.freshKey(), 'mine', 1_000);
      expect(stage.proxy.operations).toEqual(stage.words('add', 'add', 'add'));
    });
  });
});
