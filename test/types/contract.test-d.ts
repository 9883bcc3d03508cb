/** The public contract as types: this file is compiled, not run. A line that should not compile says so. */

import {
  createLocker,
  type Holder,
  type Lock,
  type LockLostError,
  type LockScope,
  type LockStore,
  type ResourceLocker,
  type RunOutcome,
  type SerializedLock,
  type StoreHealth,
} from 'giveway';
import { type Conflict, classifyConflict, withConflictRetry } from 'giveway/conflicts';
import { type Guarantee, schedule } from 'giveway/cron';
import { memoryStore } from 'giveway/memory';
import type { FencedLock } from 'giveway/postgres';
import type { RedisStoreOptions } from 'giveway/redis';
import { createWarehouse, type TablesWritten, type TransactionOptions, tablesWritten, type Warehouse } from 'giveway/warehouse';
import type { Pool } from 'pg';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => {};

const locker = createLocker({ store: memoryStore(), ttlMs: 5_000, resources: { events: { maxHoldMs: 60_000 } } });
holds<Same<typeof locker, ResourceLocker>>();

// A scope is a name, names, or names by mode; nothing else.
const scopes: LockScope[] = ['events', ['events', 'visits'], { writes: 'events', appends: ['visits'], reads: 'pages' }];
// @ts-expect-error a mode that does not exist
const wrongScope: LockScope = { write: 'events' };

// What the work returns is what the outcome holds, and only where it ran.
const outcome: RunOutcome<number> = await locker.run('events', async (lock) => {
  holds<Same<typeof lock, Lock>>();
  return 42;
});
if (outcome.status === 'ran') {
  holds<Same<typeof outcome.value, number>>();
  holds<Same<typeof outcome.lost, LockLostError | undefined>>();
} else {
  holds<Same<typeof outcome.holders, readonly Holder[]>>();
  // @ts-expect-error nothing ran
  outcome.value;
}

// Busy is a value, and must be looked at.
const maybe = await locker.tryLock('events');
// @ts-expect-error it may be undefined
maybe.unlock();

// `wrap` keeps the arguments, and gives them to the scope.
const wrapped = locker.wrap(
  (account: string, _limit: number) => `events/${account}`,
  (_lock, account, limit) => `${account}${limit}`,
);
holds<Same<typeof wrapped, (account: string, limit: number) => Promise<RunOutcome<string>>>>();

// @ts-expect-error a unit that does not exist
locker.lock('events', { ttl: 5 });
// @ts-expect-error lock() always waits: there is no onBusy
locker.lock('events', { onBusy: 'skip' });
// @ts-expect-error a store is needed
createLocker({});

locker.on('lost', ({ reason }) => holds<Same<typeof reason, LockLostError['reason']>>());
// @ts-expect-error an event that does not exist
locker.on('stolen', () => {});

holds<Same<ReturnType<ResourceLocker['health']>, Promise<StoreHealth>>>();
holds<Same<ReturnType<Lock['handOver']>, Promise<SerializedLock>>>();
holds<Same<Lock['fence'], bigint | undefined>>();
holds<Same<RedisStoreOptions['fences'], boolean | undefined>>();
holds<Same<FencedLock['fence'], Lock['fence']>>();
const store: LockStore = memoryStore();

const warehouse = createWarehouse({ pool: {} as Pool, locker, isolation: 'serializable' });
const rows: Promise<number> = warehouse.transaction('events', async (client) => (await client.query('select 1')).rowCount ?? 0);
// With `onBusy: 'skip'` it may not have run, and the outcome says so.
const tried = await warehouse.transaction('events', () => 42, { onBusy: 'skip' });
holds<Same<typeof tried, RunOutcome<number>>>();
holds<Same<typeof warehouse, Warehouse>>();
const skipping = createWarehouse({ pool: {} as Pool, locker, onBusy: 'skip' });
const skipped = await skipping.transaction('events', async () => 42);
holds<Same<typeof skipped, RunOutcome<number>>>();
const waited = await skipping.transaction('events', async () => 42, { onBusy: 'retry' });
holds<Same<typeof waited, number>>();
const usual: TransactionOptions = { isolation: 'serializable' };
holds<Same<Awaited<ReturnType<typeof warehouse.transaction<number>>>, number>>();
const usually: number = await warehouse.transaction('events', () => 42, usual);
// @ts-expect-error a way to be busy that does not exist
warehouse.transaction('events', () => 42, { onBusy: 'wait' });

const again: string = await withConflictRetry(locker, { writes: 'events' }, async (lock) => lock.token, {
  conflictRetry: { maxRetries: 2 },
});
const perhaps = await withConflictRetry(locker, 'events', () => 42, { onBusy: 'skip' });
holds<Same<typeof perhaps, RunOutcome<number>>>();
// @ts-expect-error the work is a function
withConflictRetry(locker, 'events', 'select 1');
// @ts-expect-error the transaction is the caller's, and so is its level
withConflictRetry(locker, 'events', () => 42, { isolation: 'serializable' });
const conflict: Conflict | undefined = classifyConflict(new Error('x'));

// @ts-expect-error an isolation level that does not exist
createWarehouse({ pool: {} as Pool, locker, isolation: 'chaos' });
const written: TablesWritten | undefined = tablesWritten('select 1');

const guarantee: Guarantee = 'once-per-fire';
const task = schedule('* * * * *', (context, lock) => [context.date, lock.token] as const, { locker, scope: 'events' });
holds<Same<Awaited<ReturnType<typeof task.execute>>, RunOutcome<readonly [Date, string]>>>();

export { again, conflict, guarantee, rows, scopes, store, usually, written, wrongScope };
