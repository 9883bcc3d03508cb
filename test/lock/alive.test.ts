import { expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock, faultyStore } from '../../src/testing/index.ts';
import { pulled } from './fleet.ts';

function scene() {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(pulled(backend.connect()), { clock });
  const locker = createLocker({ store, clock });
  const other = createLocker({ store: pulled(backend.connect()), clock });
  return { clock, store, locker, other };
}

test('unlock that steps aside in a race keeps the process alive', async () => {
  const { clock, store, locker, other } = scene();
  await other.lock({ appends: 't' });
  const lock = await locker.lock({ appends: 't' });
  store.arm('replace', 'no', { times: 5 });
  let done = false;
  void lock.unlock().then(() => {
    done = true;
  });
  await clock.advance(0);
  expect([done, clock.keepAliveTimers > 0]).toEqual([false, true]);
});

test('tryLock that steps aside in a race keeps the process alive', async () => {
  const { clock, store, locker, other } = scene();
  await other.lock({ appends: 't' });
  store.arm('replace', 'no', { times: 5 });
  let done = false;
  void locker.tryLock({ appends: 't' }).then(() => {
    done = true;
  });
  await clock.advance(0);
  expect([done, clock.keepAliveTimers > 0]).toEqual([false, true]);
});

test('lock that steps aside in a race keeps the process alive', async () => {
  const { clock, store, locker, other } = scene();
  await other.lock({ appends: 't' });
  store.arm('replace', 'no', { times: 5 });
  let done = false;
  void locker.lock({ appends: 't' }).then(() => {
    done = true;
  });
  await clock.advance(0);
  expect([done, clock.keepAliveTimers > 0]).toEqual([false, true]);
});

test('close that still leaves the line keeps the process alive', async () => {
  const { clock, store, locker, other } = scene();
  await other.lock('t');
  const w = locker.lock('t').catch(() => {});
  await clock.advance(5);
  store.arm('append', 'reject-before', { times: 1 });
  store.arm('read', 'reject-before', { times: 1 });
  let done = false;
  void locker.close().then(() => {
    done = true;
  });
  await clock.advance(0);
  await w;
  expect([done, clock.keepAliveTimers > 0]).toEqual([done, !done]);
});

test('a sharer that waits for the end of a turn keeps the process alive', async () => {
  const { clock, locker } = scene();
  await locker.lock({ appends: 't' });
  await clock.advance(5);
  let done = false;
  void locker.lock({ appends: 't' }, { heartbeat: false }).then(() => {
    done = true;
  });
  await clock.advance(0);
  expect([done, clock.keepAliveTimers > 0]).toEqual([false, true]);
  await clock.advance(100);
  expect(done).toBe(true);
});
