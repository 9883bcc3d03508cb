import { describe, expect, test } from '@jest/globals';
import { type AcquireLockOptions, LockClient, type LockClientOptions } from '../../src/leases/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { faultyStore } from '../../src/testing/index.ts';

const refused = (path: string) => expect.objectContaining({ name: 'InvalidOptionError', path });

describe('options of the client', () => {
  const make = (options: object) => () => new LockClient({ store: memoryStore(), ...options } as LockClientOptions);

  test('79: defaults, and an owner’s name that no two clients share', () => {
    expect(make({})().ownerName).not.toBe(make({})().ownerName);
    expect(make({ ownerName: 'me' })().ownerName).toBe('me');
  });

  test('59: a lease shorter than two heartbeats is refused, unless nobody sends them', () => {
    expect(make({ leaseDurationMs: 5_000, heartbeatPeriodMs: 4_000 })).toThrow(refused('heartbeatPeriodMs'));
    expect(make({ leaseDurationMs: 9_000 })).toThrow(refused('heartbeatPeriodMs'));
    expect(make({ leaseDurationMs: 5_000, heartbeatPeriodMs: 4_000, createHeartbeatBackgroundThread: false })).not.toThrow();
  });

  test.each<[string, object]>([
    ['store', { store: undefined }],
    ['store', { store: {} }],
    ['namespace', { namespace: 'a:b' }],
    ['environment', { environment: '' }],
    ['ownerName', { ownerName: '' }],
    ['leaseDurationMs', { leaseDurationMs: 999 }],
    ['leaseDurationMs', { leaseDurationMs: 20_000.5 }],
    ['heartbeatPeriodMs', { heartbeatPeriodMs: 0 }],
    ['createHeartbeatBackgroundThread', { createHeartbeatBackgroundThread: 'no' }],
    ['holdLockOnServiceUnavailable', { holdLockOnServiceUnavailable: 1 }],
    ['keepReleasedMs', { keepReleasedMs: Number.POSITIVE_INFINITY }],
    ['clock', { clock: 5 }],
    ['leaseDuration', { leaseDuration: 20 }],
    ['timeUnit', { timeUnit: 'SECONDS' }],
    ['maxLockObservationCacheSize', { maxLockObservationCacheSize: 0 }],
    ['toString', { toString: true }],
  ])('%s is refused by name: %o', (path, options) => {
    expect(make(options)).toThrow(refused(path));
  });

  test('a name that is nearly right is answered with the right one', () => {
    expect(make({ leaseDuration: 20 })).toThrow(/did you mean "leaseDurationMs"/);
    expect(() => new LockClient(undefined as never)).toThrow(refused('options'));
  });
});

describe('options of calls are checked before anything is sent', () => {
  const store = faultyStore(memoryStore());
  const client = new LockClient({ store });
  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;

  test.each<[string, object]>([
    ['options', undefined as never],
    ['partitionKey', { partitionKey: '' }],
    ['sortKey', { sortKey: 5 }],
    ['data', { data: { seat: 'A5' } }],
    ['replaceData', { replaceData: 'no' }],
    ['refreshPeriodMs', { refreshPeriodMs: 0 }],
    ['additionalTimeToWaitForLockMs', { additionalTimeToWaitForLockMs: -1 }],
    ['additionalTimeToWaitForLock', { additionalTimeToWaitForLock: 5 }],
    ['signal', { signal: {} }],
    ['additionalAttributes', { additionalAttributes: { since: new Date() } }],
    ['additionalAttributes', { additionalAttributes: { price: Number.NaN } }],
    ['additionalAttributes', { additionalAttributes: ['a'] }],
    ['additionalAttributes', { additionalAttributes: circle }],
    // 66: the names of the record's own fields.
    ...['key', 'sortKey', 'ownerName', 'leaseDuration', 'recordVersionNumber', 'data', 'isReleased'].map((name): [string, object] => [
      `additionalAttributes.${name}`,
      { additionalAttributes: { [name]: 'x' } },
    ]),
    // 68: more than a heartbeat, less than a lease.
    ['sessionMonitor', { sessionMonitor: 5 }],
    ['sessionMonitor.safeTimeWithoutHeartbeatMs', { sessionMonitor: {} }],
    ['sessionMonitor.safeTimeWithoutHeartbeatMs', { sessionMonitor: { safeTimeWithoutHeartbeatMs: 5_000 } }],
    ['sessionMonitor.safeTimeWithoutHeartbeatMs', { sessionMonitor: { safeTimeWithoutHeartbeatMs: 20_000 } }],
    ['sessionMonitor.callback', { sessionMonitor: { safeTimeWithoutHeartbeatMs: 10_000, callback: 'call me' } }],
    ['sessionMonitor.timeUnit', { sessionMonitor: { safeTimeWithoutHeartbeatMs: 10_000, timeUnit: 'SECONDS' } }],
  ])('66, 68: acquireLock: %s, %o', async (path, options) => {
    store.resetCalls();
    const asked = options === undefined ? options : { partitionKey: 'a', ...options };
    for (const call of [client.acquireLock(asked as never), client.tryAcquireLock(asked as never as AcquireLockOptions)])
      await expect(call).rejects.toThrow(refused(path));
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test('the other calls', async () => {
    const lockItem = await client.acquireLock({ partitionKey: 'others' });
    await expect(client.releaseLock({} as never)).rejects.toThrow(refused('lockItem'));
    await expect(client.releaseLock({ lockItem, deleteLockOnRelease: true } as never)).rejects.toThrow(refused('deleteLockOnRelease'));
    await expect(client.sendHeartbeat({ lockItem: {} } as never)).rejects.toThrow(refused('lockItem'));
    await expect(client.sendHeartbeat({ data: 'x' } as never)).rejects.toThrow(refused('lockItem'));
    await expect(client.sendHeartbeat({ lockItem, leaseDurationToEnsureMs: 10 })).rejects.toThrow(refused('leaseDurationToEnsureMs'));
    await expect(client.sendHeartbeat({ lockItem, leaseDurationToEnsure: 10 } as never)).rejects.toThrow(refused('leaseDurationToEnsure'));
    await expect(client.getLockFromStore({ partitionKey: 'a', replaceData: true } as never)).rejects.toThrow(refused('replaceData'));
    await expect(client.getAllLocks({ deleteLockOnRelease: 1 } as never).next()).rejects.toThrow(refused('deleteLockOnRelease'));
    expect(() => client.hasLock('')).toThrow(refused('partitionKey'));
    await client.close();
  });
});
