import { describe, expect, test } from '@jest/globals';
import { memoryStore, nullStore } from '../../src/stores/memory.ts';
import { storeBehaviours, storeSuite } from '../../src/testing/index.ts';
import { brokenStores } from './broken-stores.ts';
import { collectingRunner } from './collecting-runner.ts';

const portIds = storeBehaviours.filter(({ part }) => part === 'port').map(({ id }) => id);

/** Relaxes every behaviour but these, so that only these run. */
function only(ids: readonly string[]): Record<string, string> {
  return Object.fromEntries(storeBehaviours.filter(({ id }) => !ids.includes(id)).map(({ id }) => [id, 'not asked here']));
}

async function failures(create: () => ReturnType<typeof nullStore>, ids: readonly string[]): Promise<string[]> {
  const runner = collectingRunner();
  storeSuite({ name: 'broken', test: runner, create, relaxations: only(ids) });
  const results = await runner.run();
  expect([...results.keys()].sort()).toEqual([...ids].sort());
  return ids.filter((id) => results.get(id) !== undefined);
}

describe('storeSuite catches a store that is broken', () => {
  test.concurrent.each(brokenStores)('$defect: $caughtBy', async ({ create, caughtBy }) => {
    expect(await failures(create, caughtBy)).toEqual(caughtBy);
  });

  test('every behaviour of the port catches at least one of them', () => {
    const catching = new Set(brokenStores.flatMap(({ caughtBy }) => caughtBy));
    expect(portIds.filter((id) => !catching.has(id))).toEqual([]);
  });

  test('a store that grants everything is no store', async () => {
    const caught = ['create-once', 'one-creator', 'counter', 'stale-version', 'close'];
    expect(await failures(nullStore, caught)).toEqual(caught);
  });
});

describe('storeSuite', () => {
  test('ids are unique, and titles do not repeat', () => {
    expect(new Set(storeBehaviours.map(({ id }) => id)).size).toBe(storeBehaviours.length);
    expect(new Set(storeBehaviours.map(({ title }) => title)).size).toBe(storeBehaviours.length);
  });

  test('a relaxed behaviour is skipped with its reason', () => {
    const runner = collectingRunner();
    storeSuite({ name: 'relaxed', test: runner, create: memoryStore, relaxations: { 'value-large': 'the backend stops at 64 kB' } });
    expect(runner.skipped).toEqual([expect.stringContaining('not here: the backend stops at 64 kB')]);
  });

  test.each([
    [{ 'no-such-behaviour': 'because' }, /relaxations\.no-such-behaviour: received "because"; allowed are create-once/],
    [{ 'value-large': ' ' }, /relaxations\.value-large: received " "; say why/],
  ])('a relaxation is refused unless it names a behaviour and a reason: %j', (relaxations, message) => {
    expect(() => storeSuite({ name: 'relaxed', test: collectingRunner(), create: memoryStore, relaxations })).toThrow(message);
  });

  test('all keys of a run begin with its prefix', async () => {
    const backend = memoryStore();
    const strangers: string[] = [];
    const runner = collectingRunner();
    storeSuite({
      name: 'prefixed',
      test: runner,
      prefix: 'mine',
      create: () => {
        const store = backend.connect();
        return {
          ...store,
          create: (key, value, ttlMs) => {
            if (!key.startsWith('mine:')) strangers.push(key);
            return store.create(key, value, ttlMs);
          },
        };
      },
      relaxations: only(['create-once', 'keys-apart', 'key-long', 'key-printable', 'list']),
    });
    expect([...(await runner.run()).values()]).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(strangers).toEqual([]);
  });

  test('a prefix that is no namespace is refused', () => {
    expect(() => storeSuite({ name: 'prefixed', test: collectingRunner(), create: memoryStore, prefix: 'a:b' })).toThrow(
      /^prefix: received "a:b"; letters/,
    );
  });

  test('a backend that cannot be opened fails the run instead of passing it', async () => {
    const runner = collectingRunner();
    storeSuite({
      name: 'down',
      test: runner,
      create: () => {
        throw new Error('connection refused');
      },
    });
    await expect(runner.run()).rejects.toThrow('connection refused');
  });

  test('connections that were opened before one failed are closed, and a close that fails does not hide why', async () => {
    const backend = memoryStore();
    const closed: number[] = [];
    let opened = 0;
    const runner = collectingRunner();
    storeSuite({
      name: 'full',
      test: runner,
      create: () => {
        const own = opened++;
        if (own === 3) throw new Error('too many connections');
        const close = (): Promise<void> => {
          closed.push(own);
          throw new Error('close failed');
        };
        return { ...backend.connect(), close };
      },
    });
    await expect(runner.run()).rejects.toThrow('too many connections');
    expect(closed).toEqual([0, 1, 2]);
  });
});
