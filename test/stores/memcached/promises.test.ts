import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { type Counted, countPromises, leastOfTen, leastPromises } from '../promise-count.ts';
import { plainTransports } from './transports.ts';

const ttlMs = 30_000;
const keys = Array.from({ length: 100 }, () => `giveway:${uniqueName()}`);

const count = <T>(call: (key: string, index: number) => Promise<T>): Promise<Counted<T>> => countPromises(keys, call);

describeWith('memcached', (service) => {
  describe.each(plainTransports)('$name', ({ options }) => {
    let store: LockStore;
    beforeAll(() => {
      store = memcachedStore({ servers: service.url, ...options });
    });
    afterAll(() => store.close());
    const append: NonNullable<LockStore['append']> = (...args) => store.append?.(...args) ?? Promise.reject(new Error('no append'));

    test('each store call makes one promise, whatever its answer', async () => {
      await store.read('giveway:warm'); // loads the transport and connects
      const least = await leastPromises(keys);
      const counted = await leastOfTen(async () => {
        const created = await count((key) => store.create(key, 'mine', ttlMs));
        const refused = await count((key) => store.create(key, 'refused', ttlMs));
        const replaced = await count((key, index) => store.replace(key, 'again', created.answers[index] as Version, ttlMs));
        const appended = await count((key, index) => append(key, ' and again', replaced.answers[index] as Version));
        const read = await count((key) => store.read(key));
        const removed = await count((key, index) => store.remove(key, appended.answers[index] as Version));
        const gone = await count((key, index) => store.remove(key, appended.answers[index] as Version));
        expect(removed.answers.every(Boolean) && !gone.answers.some(Boolean)).toBe(true);
        return [created, refused, replaced, appended, read, removed, gone].map(({ promises }) => promises);
      });
      expect(counted).toEqual(counted.map(() => least));
    });
  });
});
