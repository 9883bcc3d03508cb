import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockStore, type StoreTraits } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

/** A store that notes the keys it is asked for. */
function noting(traits: Partial<StoreTraits>): { readonly store: LockStore; readonly keys: Set<string> } {
  const store = memoryStore();
  const keys = new Set<string>();
  const create: LockStore['create'] = (key, ...rest) => {
    keys.add(key);
    return store.create(key, ...rest);
  };
  return { store: { ...store, create, traits: { ...store.traits, ...traits } }, keys };
}

describe('a store with exact names', () => {
  test('a key is the name as it was given, and namespaces do not keep apart', async () => {
    const { store, keys } = noting({ exactNames: true });
    const one = createLocker({ store, namespace: 'one' });
    const two = createLocker({ store, namespace: 'two' });
    const names = ['Customer:42', 'public.events', 'é'.repeat(400)];
    for (const name of names) {
      await using held = await one.lock(name);
      expect(held.scope.writes).toEqual([name]);
      expect(await two.tryLock(name)).toBeUndefined();
    }
    expect([...keys]).toEqual(names);
    await one.close();
    await two.close();
  });

  test('the same names listed, also as a config would have them, stay apart', async () => {
    const { store } = noting({ exactNames: true });
    const locker = createLocker({ store, resources: ['Events', 'events'] });
    await using first = await locker.lock('Events');
    await using second = await locker.lock('events');
    expect([first.scope.writes, second.scope.writes]).toEqual([['Events'], ['events']]);
  });

  test.each(['', ' ', 'a\nb', '\ud800'])('refuses %j', async (name) => {
    const { store, keys } = noting({ exactNames: true });
    await expect(createLocker({ store }).tryLock(name)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'writes' });
    expect(keys.size).toBe(0);
  });
});

describe('a store with room for one holder', () => {
  test('append and read are taken as write, in one process too, and it is said once', async () => {
    const { store } = noting({ exclusiveOnly: true });
    const locker = createLocker({ store });
    const notices: string[] = [];
    locker.on('notice', ({ code }) => notices.push(code));
    for (const scope of [{ appends: 'events' }, { reads: 'events' }]) {
      await using held = await locker.lock(scope);
      expect(held.isProtected).toBe(true);
      expect(await locker.tryLock(scope)).toBeUndefined();
      expect(await locker.inspect('events')).toMatchObject([{ mode: 'write' }]);
    }
    expect(notices).toEqual(['ERR_GIVEWAY_MODES']);
    await locker.close();
  });

  test('nothing is said where only writes are taken', async () => {
    const { store } = noting({ exclusiveOnly: true });
    const locker = createLocker({ store });
    locker.on('notice', () => {
      throw new Error('said');
    });
    await using held = await locker.lock('events');
    expect(held.isProtected).toBe(true);
  });
});
