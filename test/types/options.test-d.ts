/** Options that exclude or need one another, compiled and not run. A line that should not compile says so. */

import { createLocker, type LockStore } from 'giveway';
import { type Guarantee, type ScheduleOptions, schedule } from 'giveway/cron';
import { type MemcachedStoreOptions, memcachedStore } from 'giveway/memcached';
import { memoryStore } from 'giveway/memory';
import { type MysqlStoreOptions, mysqlStore } from 'giveway/mysql';
import { type PostgresStoreOptions, postgresStore } from 'giveway/postgres';
import { shedlockMemcached, shedlockRedis, shedlockTable } from 'giveway/shedlock';
import { type SqliteStoreOptions, sqliteStore } from 'giveway/sqlite';
import { Client } from 'memjs';
import { createPool } from 'mysql2/promise';
import { Pool } from 'pg';

const client = Client.create('127.0.0.1:11211');
memcachedStore({ servers: '127.0.0.1:11211', tls: true, username: 'me', password: 'secret' });
memcachedStore({ servers: ['a', 'b'] });
memcachedStore({ client, timeoutMs: 250 });
const memcached: MemcachedStoreOptions[] = [{ servers: 'a' }, { client }];
// @ts-expect-error one of `servers` and `client` is needed
memcachedStore({});
// @ts-expect-error one of `servers` and `client` is needed
memcachedStore({ timeoutMs: 250 });
// @ts-expect-error not both
memcachedStore({ servers: '127.0.0.1:11211', client });

const pool = new Pool();
postgresStore({ connectionString: 'postgres://localhost/etl', listen: true });
postgresStore({ connectionString: 'postgres://localhost/etl', listen: 'postgres://localhost:5433/etl' });
postgresStore({ pool, listen: 'postgres://localhost/etl' });
postgresStore({ pool, listen: false });
const postgres: PostgresStoreOptions[] = [{ connectionString: 'postgres://localhost/etl' }, { pool }];
// @ts-expect-error one of `connectionString` and `pool` is needed
postgresStore({});
// @ts-expect-error not both
postgresStore({ connectionString: 'postgres://localhost/etl', pool });
// @ts-expect-error with a pool it takes a connection string to listen
postgresStore({ pool, listen: true });

const mysqlPool = createPool('mysql://localhost/etl');
mysqlStore({ uri: 'mysql://localhost/etl', table: 'locks', createTable: true, timeoutMs: 500, breaker: false });
const mysql: MysqlStoreOptions[] = [{ uri: 'mysql://localhost/etl' }, { pool: mysqlPool }];
// @ts-expect-error one of `uri` and `pool` is needed
mysqlStore({});
// @ts-expect-error not both
mysqlStore({ uri: 'mysql://localhost/etl', pool: mysqlPool });
// @ts-expect-error there is no push
mysqlStore({ uri: 'mysql://localhost/etl', listen: true });

sqliteStore();
const sqlite: SqliteStoreOptions[] = [{}, { file: '/var/lib/app/locks.db', timeoutMs: 500, flush: true, driver: 'node:sqlite' }];
// @ts-expect-error there is no such driver
sqliteStore({ driver: 'sqlite3' });

const locker = createLocker({ store: memoryStore() });
const work = (): number => 42;
schedule('* * * * *', work, { locker, scope: 'events' });
schedule('* * * * *', work, { locker, scope: ({ date }) => `events/${date.getUTCDay()}`, guarantee: 'no-overlap', onBusy: 'retry' });
schedule('* * * * *', work, { locker, scope: { writes: 'visits' }, name: 'etl', guarantee: 'both', onBusy: 'retry', minHoldMs: 5_000 });
schedule('* * * * *', work, { locker, name: 'mail', guarantee: 'once-per-fire', onBusy: 'skip', slotHoldMs: 5_000 });
const choose = (guarantee: Exclude<Guarantee, 'once-per-fire'>): ScheduleOptions => ({ locker, scope: 'events', name: 'etl', guarantee });
// @ts-expect-error a scope is needed
schedule('* * * * *', work, { locker });
// @ts-expect-error a scope is needed
schedule('* * * * *', work, { locker, name: 'etl', guarantee: 'both' });
// @ts-expect-error a name is needed
schedule('* * * * *', work, { locker, scope: 'events', guarantee: 'both' });
// @ts-expect-error a name is needed
schedule('* * * * *', work, { locker, guarantee: 'once-per-fire' });
// @ts-expect-error it locks no table
schedule('* * * * *', work, { locker, name: 'mail', guarantee: 'once-per-fire', scope: 'events' });
// @ts-expect-error there is nothing to wait for
schedule('* * * * *', work, { locker, name: 'mail', guarantee: 'once-per-fire', onBusy: 'retry' });
// @ts-expect-error slotHoldMs says it
schedule('* * * * *', work, { locker, name: 'mail', guarantee: 'once-per-fire', minHoldMs: 5_000 });

export { choose, memcached, mysql, postgres, sqlite };

createLocker({ store: memoryStore(), host: 'worker-7', maxWaiters: 100, resources: { events: { limits: { appends: 2, reads: 8 } } } });
// @ts-expect-error writers are alone anyway
createLocker({ store: memoryStore(), resources: { events: { limits: { writes: 1 } } } });
// @ts-expect-error a limit is the table's, not the locker's
createLocker({ store: memoryStore(), limits: { appends: 2 } });
// @ts-expect-error nor the call's
locker.lock('events', { limits: { appends: 2 } });

// Whoever joins the locks of ShedLock must say by which clock its rows are written.
shedlockTable({ pool, usingDbTime: true }) satisfies LockStore;
shedlockTable({ pool, usingDbTime: { timeZone: 'America/New_York' } }) satisfies LockStore;
// @ts-expect-error no clock
shedlockTable({ pool });
// @ts-expect-error no clock either
shedlockTable({ pool, usingDbTime: false });
shedlockMemcached({ servers: 'cache:11211', environment: 'production' }) satisfies LockStore;
// @ts-expect-error a client is needed
shedlockRedis({ environment: 'production' });
