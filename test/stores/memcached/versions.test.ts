import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { describeWith } from '../../support/shared.ts';
import { setStage } from './stage.ts';
import { plainTransports } from './transports.ts';

const ttlMs = 30_000;

/** What a version holds, for tests that must know that two CAS numbers are the same. */
const casOf = (version: Version | undefined): bigint => (version as unknown as { cas: bigint }).cas;

describeWith('memcached', () => {
  describe.each(plainTransports)('$name', (transport) => {
    describe('P4: a restart, after which CAS numbers begin again', () => {
      const stage = setStage(transport);

      /** Restarts the server until `successor` holds `key` under the very CAS number that `version` has. */
      async function succeed(successor: LockStore, key: string, version: Version): Promise<void> {
        await stage.server.restart();
        for (;;) {
          const made = await successor.create(key, 'theirs', ttlMs);
          if (casOf(made) === casOf(version)) return;
          if (casOf(made) > casOf(version)) throw new Error('too many writes before');
          await successor.remove(key, made as Version);
        }
      }

      test.each(['remove', 'replace'] as const)('%s of a former holder leaves the successor alone', async (act) => {
        const [store, successor, key] = [stage.openDirect(), stage.openDirect(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        await succeed(successor, key, version);
        if (act === 'remove') expect(await store.remove(key, version)).toBe(false);
        else expect(await store.replace(key, 'mine again', version, ttlMs)).toBeUndefined();
        expect((await successor.read(key))?.value).toBe('theirs');
      });

      test("another store's version is refused, and touches nobody's entry", async () => {
        const [store, key] = [stage.openDirect(), stage.freshKey()];
        await store.create(key, 'theirs', ttlMs);
        const refused = { name: 'InvalidOptionError', path: 'version' };
        await expect(store.replace(key, 'mine', { fence: 7n }, ttlMs)).rejects.toMatchObject(refused);
        await expect(store.remove(key, {})).rejects.toMatchObject(refused);
        expect((await store.read(key))?.value).toBe('theirs');
      });

      test('and so it does when its reply is lost on the way', async () => {
        const [store, successor, key] = [await stage.openReady(), stage.openDirect(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        await succeed(successor, key, version);
        for (const _ of transport.greeting) stage.proxy.lateReply(0); // the connection is a new one
        stage.proxy.resetAfterApply();
        expect(await store.remove(key, version)).toBe(false);
        expect((await successor.read(key))?.value).toBe('theirs');
      });
    });

    describe('a version from before a reconnect', () => {
      const stage = setStage(transport);

      test('is checked against the value, once, and then works', async () => {
        const [store, key] = [stage.open(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        stage.proxy.resetConnections();
        await sleep(20);
        stage.proxy.forget();
        const next = (await store.replace(key, 'again', version, ttlMs)) as Version;
        expect(await store.remove(key, next)).toBe(true);
        expect(stage.proxy.operations).toEqual([...transport.greeting, ...stage.words('get', 'replace', 'delete')]);
      });

      test('of another store means nothing here but its value', async () => {
        const [store, other, key] = [stage.open(), stage.openDirect(), stage.freshKey()];
        const version = (await other.create(key, 'mine', ttlMs)) as Version;
        expect(await store.remove(key, version)).toBe(true);
        expect(stage.proxy.operations).toEqual([...transport.greeting, ...stage.words('get', 'delete')]);
      });
    });

    describe('verifyRelease', () => {
      const stage = setStage(transport);

      test('reads before each renewal and release, for proxies that hide a reconnect', async () => {
        const [store, key] = [stage.open({ verifyRelease: true }), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        const next = (await store.replace(key, 'again', version, ttlMs)) as Version;
        expect(await store.remove(key, next)).toBe(true);
        expect(stage.proxy.operations).toEqual([...transport.greeting, ...stage.words('add', 'get', 'replace', 'get', 'delete')]);
      });

      test('P4: so a version whose CAS number fits a stranger by chance does not', async () => {
        const [store, other, key] = [stage.open({ verifyRelease: true }), stage.openDirect(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        await other.remove(key, (await other.read(key))?.version as Version);
        const theirs = (await other.create(key, 'theirs', ttlMs)) as Version;
        const sameNumber = { ...version, cas: casOf(theirs) } as Version; // as after a restart that the proxy hid
        expect(await store.replace(key, 'mine again', sameNumber, ttlMs)).toBeUndefined();
        expect(await store.remove(key, sameNumber)).toBe(false);
        expect((await other.read(key))?.value).toBe('theirs');
      });
    });
  });
});
