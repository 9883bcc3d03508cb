/** A folder with a config, for command lines that run in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { createLocker, type Lock, type ResourceLocker } from 'giveway';
import { memcachedStore } from 'giveway/memcached';
import { recordKey } from '../../src/lock/record/keys.ts';
import type { Service } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';

/** A new one for each test. */
export let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-commands-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

export const configure = (config: object): void => writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify(config));
export const ask = (...args: string[]): Promise<Answer> => giveway(args, { cwd: folder });

/** Another process on the memcached that the config names: what it holds is let go after the test. */
export interface Beside {
  readonly store: ReturnType<typeof memcachedStore>;
  readonly locker: ResourceLocker;
  readonly hold: ResourceLocker['lock'];
  keyOf(name: string): string;
}

export function besideOn(service: Service): Beside {
  let store: ReturnType<typeof memcachedStore>;
  let locker: ResourceLocker;
  const locks: Lock[] = [];
  beforeAll(() => {
    store = memcachedStore({ servers: service.url });
    locker = createLocker({ store, namespace: service.prefix, closesStore: true });
  });
  afterAll(() => locker.close());
  beforeEach(() => {
    configure({ store: `memcached://${service.url}`, namespace: service.prefix, resources: ['events', 'visits', 'users'] });
  });
  afterEach(async () => void (await Promise.all(locks.splice(0).map((lock) => lock.unlock()))));
  return {
    get store() {
      return store;
    },
    get locker() {
      return locker;
    },
    hold: async (...args) => {
      const lock = await locker.lock(...args);
      locks.push(lock);
      return lock;
    },
    keyOf: (name) => recordKey(service.prefix, undefined, name),
  };
}
