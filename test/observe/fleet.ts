import { afterEach } from '@jest/globals';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const open: ResourceLocker[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((locker) => locker.close({ timeoutMs: 100 })));
});

/** Two lockers over one backend, as in processes of their own. */
export function twoLockers(a: Partial<LockerOptions> = {}, b: Partial<LockerOptions> = {}): [ResourceLocker, ResourceLocker] {
  const backend = memoryStore();
  const lockers = [a, b].map((options) => createLocker({ store: backend.connect(), ...options }));
  open.push(...lockers);
  return lockers as [ResourceLocker, ResourceLocker];
}
