import { expect, test } from '@jest/globals';
import { encodeRecord } from '../../src/lock/record/record.ts';
import type { LockStore, Version } from '../../src/lock/store.ts';
import { entrant, recordOf } from '../lock/entries.ts';
import { recorded } from './recorded.ts';
import { terms } from './terms.ts';

const mine = { pid: process.pid, host: 'here' };
const left = entrant('left', 'read', { ...mine, beat: 3 });
const granted = entrant('granted', 'read', { ...mine, beat: 0 });
const stranger = entrant('stranger', 'read');

/** Says one after the other that these are the holders. */
function storeThatShows(...looks: (readonly ReturnType<typeof entrant>[])[]): LockStore {
  const version = {} as Version;
  return {
    read: async () => ({ value: encodeRecord(recordOf([...(looks.shift() ?? [])])), version }),
    create: async () => version,
  } as unknown as LockStore;
}

async function heardBy(store: LockStore, looks: number): Promise<number> {
  let heard = 0;
  const watched = recorded(store, 'faults', () => heard++);
  for (let look = 0; look < looks; look++) await watched.read('faults:t');
  return heard;
}

test('who was let in beside an entry that its process has left there is told of', async () => {
  expect(await heardBy(storeThatShows([left], [left, granted]), 2)).toBe(2);
});

test('an entry that was told of is no news, whoever comes beside it', async () => {
  expect(await heardBy(storeThatShows([left], [left], [left, stranger], [stranger], [left]), 5)).toBe(1);
});

test.each([
  [terms.timeoutMs / 2 - 1, 0],
  [terms.timeoutMs / 2, 1],
])('a release that is refused after %d ms may have been done by the first of two requests: told %d times', async (ms, times) => {
  const told: string[] = [];
  let nowMs = 0;
  const remove = async (): Promise<boolean> => {
    nowMs += ms;
    return false;
  };
  const store = recorded(
    { remove } as unknown as LockStore,
    'faults',
    (what) => told.push(what),
    () => nowMs,
  );
  await store.remove('faults:t', {} as Version);
  expect(told).toEqual(Array(times).fill('doubted'));
});
