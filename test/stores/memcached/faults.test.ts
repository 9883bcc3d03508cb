import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '../../../src/lock/errors.ts';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import type { FaultProxy } from '../../support/proxy.ts';
import { describeWith } from '../../support/shared.ts';
import { type Timed, timed } from '../../support/stopwatch.ts';
import { setStage } from './stage.ts';
import { type Transport, transports } from './transports.ts';

const ttlMs = 30_000;
const timeoutMs = 500;
/** For a machine that is busy with other tests. A call that hangs would take much longer. */
const slackMs = 400;

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

/** One of the four writes, on a key that is ready for it. */
interface Write {
  readonly name: string;
  /** Brings the key into the state before, over a connection of its own or the store's. */
  prepare(store: LockStore, key: string): Promise<Version | undefined>;
  act(store: LockStore, key: string, version: Version | undefined): Promise<unknown>;
  /** What the key holds once the write was made. */
  readonly after: string | undefined;
  /** And the answer, if by the time the reply is lost the server has forgotten everything. */
  readonly onEmptyServer: 'done' | 'refused';
}

const writes: readonly Write[] = [
  {
    name: 'create',
    prepare: async () => undefined,
    act: (store, key) => store.create(key, 'mine', ttlMs),
    after: 'mine',
    onEmptyServer: 'done',
  },
  {
    name: 'replace',
    prepare: (store, key) => store.create(key, 'old', ttlMs),
    act: (store, key, version) => store.replace(key, 'mine', version as Version, ttlMs),
    after: 'mine',
    onEmptyServer: 'refused',
  },
  {
    name: 'append',
    prepare: (store, key) => store.create(key, 'old', ttlMs),
    act: (store, key, version) => store.append?.(key, ' and mine', version as Version) ?? Promise.reject(new Error('no append')),
    after: 'old and mine',
    onEmptyServer: 'refused',
  },
  {
    name: 'remove',
    prepare: (store, key) => store.create(key, 'old', ttlMs),
    act: (store, key, version) => store.remove(key, version as Version),
    after: undefined,
    onEmptyServer: 'done',
  },
];

/** Faults after which the call must still find out that its write was made. */
const survivable = ({ cuts: [within, after] }: Transport): readonly (readonly [string, (proxy: FaultProxy) => void])[] => [
  ['reset after apply', (proxy) => proxy.resetAfterApply()],
  ['close after apply', (proxy) => proxy.closeAfterApply()],
  ['reset twice', (proxy) => proxy.resetAfterApply(2)],
  ['close, then reset', (proxy) => [proxy.closeAfterApply(), proxy.resetAfterApply()]],
  ['a reply later than the deadline', (proxy) => proxy.lateReply(900)],
  ['a reply that never comes', (proxy) => proxy.blackHole(1)],
  ['half a head, then reset', (proxy) => proxy.cutReply(within)],
  ['a head without its body, then reset', (proxy) => proxy.cutReply(after)],
];

const isDone = (answer: unknown): boolean => answer !== undefined && answer !== false;

describeWith('memcached', () => {
  describe.each(transports)('$name', (transport) => {
    const stage = setStage(transport);

    beforeAll(() => void process.on('unhandledRejection', note));
    afterAll(() => void process.off('unhandledRejection', note));

    /** The next calls on the same store work, whatever came before. */
    async function expectWell(store: LockStore): Promise<void> {
      const key = stage.freshKey();
      const version = await store.create(key, 'next', ttlMs);
      expect(version).toBeDefined();
      expect(await store.create(key, 'other', ttlMs)).toBeUndefined();
      const next = await store.replace(key, 'again', version as Version, ttlMs);
      expect(await store.remove(key, next as Version)).toBe(true);
      expect(await store.read(key)).toBeUndefined();
    }

    describe.each(writes)('$name', (write) => {
      test.each(survivable(transport))('P7: after %s it finds out that it was done, in time', async (_name, inject) => {
        const [store, key] = [await stage.openReady(), stage.freshKey()];
        const version = await write.prepare(store, key);
        inject(stage.proxy);
        const { value, error, awakeMs } = await timed(write.act(store, key, version));
        expect(error).toBeUndefined();
        expect(isDone(value)).toBe(true);
        expect((await stage.openDirect().read(key))?.value).toBe(write.after);
        expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
        stage.proxy.heal();
        await expectWell(store);
        if (write.after !== undefined) expect(await store.remove(key, value as Version)).toBe(true);
      });

      test('a restart of the server between two calls: the entry is gone, and nothing else is wrong', async () => {
        const [store, key] = [stage.openDirect(), stage.freshKey()];
        const version = await write.prepare(store, key);
        await stage.server.restart();
        const { value, error } = await timed(write.act(store, key, version));
        expect(error).toBeUndefined();
        expect(isDone(value)).toBe(write.name === 'create');
        await expectWell(store);
      });

      test('a restart while the reply is awaited: the right answer for an empty server', async () => {
        const [store, key] = [await stage.openReady({ timeoutMs: 5_000 }), stage.freshKey()];
        const version = await write.prepare(store, key);
        stage.proxy.blackHole(1);
        const before = stage.proxy.requests;
        const acting = timed(write.act(store, key, version));
        while (stage.proxy.requests === before) await sleep(5);
        await sleep(20); // applied by now
        await stage.server.kill();
        await stage.server.start();
        const { value, error } = await acting;
        expect(error).toBeUndefined();
        expect(isDone(value)).toBe(write.onEmptyServer === 'done');
        await expectWell(store);
      });
    });

    /** All four writes at once, each on a key and a store of its own, once `inject` has done its work. */
    async function writeAll(inject: () => void): Promise<{ outcomes: readonly Timed<unknown>[]; areWell(): Promise<unknown> }> {
      const ready = await Promise.all(
        writes.map(async (write) => {
          const [store, key] = [await stage.openReady(), stage.freshKey()];
          return { store, key, write, version: await write.prepare(store, key) };
        }),
      );
      inject();
      const outcomes = await Promise.all(ready.map(({ store, key, write, version }) => timed(write.act(store, key, version))));
      return { outcomes, areWell: () => Promise.all(ready.map(({ store }) => expectWell(store))) };
    }

    test.each([
      ['black hole', () => stage.proxy.blackHole()],
      ['requests that never arrive', () => stage.proxy.dropRequests()],
      ['resets for ever', () => stage.proxy.resetAfterApply(Number.POSITIVE_INFINITY)],
      ['closes for ever', () => stage.proxy.closeAfterApply(Number.POSITIVE_INFINITY)],
    ])('P7: %s ends each write in StoreUnavailableError at the deadline', async (_name, inject) => {
      const { outcomes, areWell } = await writeAll(inject);
      for (const { error, tookMs, awakeMs } of outcomes) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(tookMs).toBeGreaterThan(timeoutMs - 60);
        expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      }
      stage.proxy.heal();
      await areWell();
    });

    test('P7: a server that is stopped for 3 s is StoreUnavailableError in time, and well again afterwards', async () => {
      let resumed: Promise<void> | undefined;
      const { outcomes, areWell } = await writeAll(() => {
        stage.server.pause();
        resumed = sleep(3_000).then(() => stage.server.resume());
      });
      for (const { error, awakeMs } of outcomes) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      }
      await resumed;
      await areWell();
    });

    test('a refused create whose reply was lost is still refused: the entry is another one', async () => {
      const [store, key] = [await stage.openReady(), stage.freshKey()];
      await stage.openDirect().create(key, 'theirs', ttlMs);
      stage.proxy.resetAfterApply();
      expect(await store.create(key, 'mine', ttlMs)).toBeUndefined();
      expect((await store.read(key))?.value).toBe('theirs');
    });

    test('P4: a replace, an append and a remove whose replies were lost leave a successor alone', async () => {
      for (const act of ['replace', 'append', 'remove'] as const) {
        const [store, direct, key] = [await stage.openReady(), stage.openDirect(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        await direct.remove(key, (await direct.read(key))?.version as Version);
        await direct.create(key, 'theirs', ttlMs);
        stage.proxy.closeAfterApply();
        if (act === 'replace') expect(await store.replace(key, 'mine again', version, ttlMs)).toBeUndefined();
        else if (act === 'append') expect(await store.append?.(key, ' and more', version)).toBeUndefined();
        else expect(await store.remove(key, version)).toBe(false);
        expect((await direct.read(key))?.value).toBe('theirs');
      }
    });

    test.each([
      ['a reset', () => stage.proxy.resetAfterApply()],
      ['a close', () => stage.proxy.closeAfterApply()],
      ['half a reply', () => stage.proxy.cutReply(30)],
    ])('%s is noticed when it happens, not when time runs out', async (_name, inject) => {
      const store = await stage.openReady({ timeoutMs: 10_000 });
      inject();
      const { value, awakeMs } = await timed(store.create(stage.freshKey(), 'mine', ttlMs));
      expect(value).toBeDefined();
      expect(awakeMs).toBeLessThan(1_000);
    });

    test('a read is asked again', async () => {
      for (const [, inject] of survivable(transport)) {
        const [store, key] = [await stage.openReady(), stage.freshKey()];
        await store.create(key, 'text', ttlMs);
        inject(stage.proxy);
        expect((await store.read(key))?.value).toBe('text');
        stage.proxy.heal();
      }
    });

    test('a broken connection under 50 calls: each gets its own right answer', async () => {
      const store = stage.open({ timeoutMs: 2_000 });
      const keys = Array.from({ length: 50 }, () => stage.freshKey());
      await store.read(stage.freshKey());
      stage.proxy.lateReply(100, 20);
      const made = keys.map((key) => store.create(key, `value of ${key}`, ttlMs));
      await sleep(30);
      stage.proxy.heal();
      stage.proxy.resetConnections();
      expect((await Promise.all(made)).every(isDone)).toBe(true);
      for (const key of keys) expect((await store.read(key))?.value).toBe(`value of ${key}`);
    });

    test('a server that closes idle connections costs nothing but a new connection', async () => {
      const [store, key] = [await stage.openReady(), stage.freshKey()];
      await store.read(key);
      stage.proxy.resetConnections();
      await sleep(20);
      stage.proxy.forget();
      expect(await store.create(key, 'mine', ttlMs)).toBeDefined();
      expect(stage.proxy.connections).toBe(1);
      if (transport.frames !== 'chunks') expect(stage.proxy.operations).toEqual([...transport.greeting, ...stage.words('add')]);
    });

    test('calls under way at close() reject, and so do all later ones', async () => {
      const store = await stage.openReady();
      stage.proxy.delayMs = 400;
      const pending = timed(store.create(stage.freshKey(), 'mine', ttlMs));
      await sleep(30);
      await store.close();
      for (const { error } of [await pending, await timed(store.read(stage.freshKey()))]) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(String(error)).toContain('closed');
      }
    });

    test('none of this left an unhandled rejection', async () => {
      await sleep(1_000); // until the latest reply has come
      expect(unhandled).toEqual([]);
    });
  });
});
