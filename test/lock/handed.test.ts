import { expect, test } from '@jest/globals';
import { createLocker, type SerializedLock } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

type Entries = SerializedLock['entries'];

/** A lock on its way, whose entries have been tampered with. */
async function restored(change: (entries: Entries) => Entries): Promise<unknown> {
  const store = memoryStore();
  await using from = createLocker({ store });
  await using to = createLocker({ store });
  const handed = await (await from.lock({ writes: 'a', appends: 'b' })).handOver();
  return await to.restore({ ...handed, entries: change(handed.entries) });
}

test('what is handed over as it was is restored', async () => {
  expect(await restored((entries) => entries)).toMatchObject({ scope: { writes: ['a'], appends: ['b'] } });
});

test.each<[string, (entries: Entries) => Entries, string]>([
  [
    'an entry in another mode than the scope says',
    (entries) => entries.map((entry) => ({ ...entry, mode: 'append' })),
    'handed.entries[0].mode: received "append"; the scope has it in mode write',
  ],
  [
    'an entry that the scope does not name',
    (entries) => [...entries, { resource: 'c', mode: 'write', token: 't' }],
    'handed.entries[2].resource: received "c"; a resource of its scope is allowed',
  ],
  [
    'a scope without its entry',
    ([first]) => (first === undefined ? [] : [first]),
    'handed.entries: received an array; "b" is not among them',
  ],
])('%s is refused', async (_, change, message) => {
  await expect(restored(change)).rejects.toThrow(message);
});

test('where this locker also locks the schema, and that is not among the entries, it is refused and stands', async () => {
  const store = memoryStore();
  await using from = createLocker({ store });
  await using to = createLocker({ store, resources: ['s.*'], allowUnlisted: true });
  const handed = await (await from.lock('s.a')).handOver();
  await expect(to.restore(handed)).rejects.toThrow('handed.entries: received an array; "s.*" is not among them');
  expect(await (await from.restore(handed)).unlock()).toBe(true);
});
