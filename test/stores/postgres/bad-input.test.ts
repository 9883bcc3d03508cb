import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Pool } from 'pg';
import { withSettings } from '../../../src/stores/postgres/connections.ts';
import { startsLikePostgres } from '../../../src/stores/postgres/greeting.ts';
import { type PostgresStoreOptions, postgresStore } from '../../../src/stores/postgres/index.ts';
import { freePort } from '../../support/free-port.ts';
import { type ProcessServer, postgresServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';

const minute = 60_000;
const connectionString = 'postgres://someone:secret@127.0.0.1:1/database';
const pool = { connect: () => Promise.reject(new Error('not asked')) };

describe('options that cannot work are refused at once, and nothing is sent', () => {
  test.each<[string, object, RegExp]>([
    ['neither string nor pool', {}, /^connectionString: received undefined; either `connectionString` or `pool` is needed/],
    ['both', { connectionString, pool }, /^connectionString: .*either `connectionString` or `pool`/],
    [
      'a string of another kind',
      { connectionString: 'mysql://root:secret@db/x' },
      /^connectionString: received "mysql:…"; a URL such as postgres:/,
    ],
    [
      'a password with a sign that ends the host',
      { connectionString: 'postgres://app:se/cret@db/x#secret' },
      /^connectionString: received "postgres:…"; a URL with one host is allowed; in user and password encodeURIComponent/,
    ],
    ['two hosts', { pool, listen: 'postgres://app:secret@one:5432,two:5432/x' }, /^listen: received "postgres:…"; a URL with one host/],
    ['a pool that is none', { pool: {} }, /^pool: received an object; a Pool of pg/],
    ['a table with capitals', { connectionString, table: 'Locks' }, /^table: received "Locks"/],
    ['a timeout of 0', { connectionString, timeoutMs: 0 }, /^timeoutMs: received 0; an integer from 1 to 60000/],
    ['a timeout of NaN', { connectionString, timeoutMs: Number.NaN }, /^timeoutMs: received NaN/],
    ['createTable as text', { connectionString, createTable: 'yes' }, /^createTable: received "yes"; true or false/],
    ['listen without a place to', { pool, listen: true }, /^listen: received true; with `pool`, a connection string/],
    ['listen on another kind', { pool, listen: 'redis://:secret@x' }, /^listen: received "redis:…"/],
    ['a connection string under another name', { conectionString: 'postgres://root:secret@db/x' }, /^conectionString: received "…"/],
    ['a connection string as the pool', { pool: 'postgres://root:secret@db/x' }, /^pool: received "…"; a Pool of pg/],
    ['a client as the pool', { pool: new Client(connectionString) }, /^pool: received an object; a Pool of pg is allowed, no Client/],
  ])('%s', (_, options, message) => {
    const make = (): unknown => postgresStore(options as PostgresStoreOptions);
    expect(make).toThrow(expect.objectContaining({ name: 'InvalidOptionError' }));
    expect(make).toThrow(message);
    expect(make).not.toThrow(/secret/);
  });

  test.each([
    'postgres://app:p%20w@127.0.0.1/x',
    'postgres://app:p w%zz@127.0.0.1:5432/x?sslmode=disable',
    'postgres://app:p@ss@[::1]:5432/x',
    'postgresql://app@/x?host=/var/run/postgresql',
    'postgres://%2Fvar%2Frun%2Fpostgresql/x',
    'postgres:///x',
    'socket:/var/run/postgresql?db=x',
    '/var/run/postgresql x',
  ])('whatever pg takes is taken: %s', async (connectionString) => {
    expect(() => new Client({ connectionString })).not.toThrow();
    await postgresStore({ connectionString }).close();
  });

  test('a version of another store', async () => {
    const store = postgresStore({ connectionString });
    await expect(store.remove('key', {})).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'version' });
  });
});

describe('settings of a connection', () => {
  test('join those of the connection string, and leave the rest of it alone', () => {
    expect(withSettings('postgres://u:p@h/d', '-c a=1')).toEqual({ connectionString: 'postgres://u:p@h/d', options: '-c a=1' });
    const joined = withSettings('postgres://u:p@h/d?options=-c%20search_path%3Dx&sslmode=require', '-c a=b\\ c').connectionString;
    expect(new URL(joined).searchParams.get('options')).toBe('-c search_path=x -c a=b\\ c');
    expect(new URL(joined).searchParams.get('sslmode')).toBe('require');
  });
});

describe('the first bytes of a server', () => {
  test.each<[string, string | Buffer, boolean]>([
    ['Postgres asks for a password', Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5]), true],
    ['Postgres refuses', Buffer.from([0x45, 0, 0, 0, 90]), true],
    ['Postgres accepts TLS', 'S', true],
    ['memcached', 'ERROR\r\n', false],
    ['Redis', '-ERR unknown command\r\n', false],
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n', false],
    ['a mail server', '220 smtp.example.com\r\n', false],
  ])('%s', (_, bytes, expected) => {
    expect(startsLikePostgres(Buffer.from(bytes))).toBe(expected);
  });
});

describeWith('postgres', () => {
  let server: ProcessServer;
  let admin: Pool;
  beforeAll(async () => {
    server = await postgresServer();
    admin = new Pool({ connectionString: server.url });
    await postgresStore({ pool: admin }).createTable();
  }, 90_000);
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  const as = (change: (url: URL) => void): string => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };

  /** The error of a create, which must come before the deadline is long over, and give away no password. */
  async function failure(options: PostgresStoreOptions): Promise<Error> {
    const store = postgresStore({ timeoutMs: 500, ...options });
    const { error: reason, awakeMs } = await timed(store.create('key', 'value', minute));
    const error = (reason ?? new Error('it worked')) as Error;
    expect(awakeMs).toBeLessThan(900);
    await store.close();
    expect(error.name).toBe('StoreUnavailableError');
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBeDefined();
    return error;
  }

  test('a wrong password', async () => {
    await admin.query(`create role clerk login password 'right'`);
    const { rows } = await admin.query<{ hba_file: string }>('show hba_file');
    const lines = `values ('host all clerk 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')`;
    await admin.query(`copy (${lines}) to '${rows[0]?.hba_file}'`);
    await admin.query('select pg_reload_conf()');
    const login = (password: string) => as((url) => Object.assign(url, { username: 'clerk', password }));
    const refused = `Postgres at 127.0.0.1:${server.port} refused the login: check user, password and pg_hba.conf`;
    expect((await failure({ connectionString: login('secret') })).message).toBe(refused);
    expect((await failure({ connectionString: login('') })).message).toMatch(/refused the login|cannot be reached: .*password/);
  });

  test('no such database', async () => {
    const connectionString = as((url) => Object.assign(url, { pathname: '/nowhere' }));
    expect((await failure({ connectionString })).message).toContain('has no such database: check the end of the connection string');
  });

  test('no permission', async () => {
    await admin.query('create role visitor login');
    const connectionString = as((url) => Object.assign(url, { username: 'visitor' }));
    expect((await failure({ connectionString })).message).toContain('usage on sequence giveway_locks_version');
    // Since Postgres 15 nobody but its owner may create anything in the schema `public`.
    await admin.query('revoke create on schema public from public');
    expect((await failure({ connectionString, table: 'missing_locks', createTable: true })).message).toMatch(
      /refused access \(permission denied for schema public\): .* to make them it needs create on their schema$/,
    );
  });

  test('who may only lock can call createTable where the table is there: nothing is done', async () => {
    await admin.query('create role clerk_of_locks login');
    await admin.query('grant select, insert, update, delete on giveway_locks to clerk_of_locks');
    await admin.query('grant usage on sequence giveway_locks_version to clerk_of_locks');
    const store = postgresStore({ connectionString: as((url) => Object.assign(url, { username: 'clerk_of_locks' })) });
    await store.createTable();
    expect(await store.create('key of a clerk', 'value', minute)).toBeDefined();
    await store.close();
  });

  test('no encryption where it is wanted', async () => {
    await admin.query('create role hidden login');
    const { rows } = await admin.query<{ hba_file: string }>('show hba_file');
    const lines = `values ('hostssl all hidden 127.0.0.1/32 trust'), ('host all postgres,visitor,crowd 127.0.0.1/32 trust')`;
    await admin.query(`copy (${lines}) to '${rows[0]?.hba_file}'`);
    await admin.query('select pg_reload_conf()');
    const connectionString = as((url) => Object.assign(url, { username: 'hidden' }));
    expect((await failure({ connectionString })).message).toMatch(/refused the login: no pg_hba.conf entry for .* add sslmode/);
  });

  test('a database that is read-only', async () => {
    const connectionString = as((url) => url.searchParams.set('options', '-c default_transaction_read_only=on'));
    expect((await failure({ connectionString })).message).toContain(
      'is read-only here (a replica, or default_transaction_read_only is on)',
    );
  });

  test('a server without a free slot', async () => {
    await admin.query('create role crowd login connection limit 0');
    await admin.query('alter role crowd connection limit 0');
    const connectionString = as((url) => Object.assign(url, { username: 'crowd' }));
    expect((await failure({ connectionString })).message).toContain('has no connection slot left');
  });

  test('a pool that cannot be used any more', async () => {
    const ended = new Pool({ connectionString: server.url });
    await ended.end();
    expect((await failure({ pool: ended })).message).toBe('Postgres cannot be reached: Cannot use a pool after calling end on the pool');
  });

  test('a port where nobody listens', async () => {
    const connectionString = `postgres://someone:secret@127.0.0.1:${await freePort()}/database`;
    expect((await failure({ connectionString })).message).toMatch(/^Postgres at 127\.0\.0\.1:\d+ refuses connections: is it running/);
  });

  test('a host that does not exist', async () => {
    const message = (await failure({ connectionString: 'postgres://someone:secret@no-such-host.invalid/database' })).message;
    expect(message).toMatch(/^Postgres at no-such-host\.invalid:5432 (cannot be found|gave no connection)/);
  });
});
