/** What each backend can say, and what that is about, also where no server here can be brought to say it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type GivewayError, isOutage, type StoreConcern, StoreUnavailableError } from '../../src/lock/errors.ts';
import { unavailable as dynamodb } from '../../src/stores/dynamodb/errors.ts';
import { explain as etcd } from '../../src/stores/etcd/failures.ts';
import { couldNotLoad, refused, tlsFailed, unavailable } from '../../src/stores/memcached/fault.ts';
import { unavailable as momento } from '../../src/stores/momento/errors.ts';
import { explain as mysql } from '../../src/stores/mysql/failures.ts';
import { explain as postgres } from '../../src/stores/postgres/failures.ts';
import { lockTable } from '../../src/stores/postgres/table.ts';
import { explain as redis } from '../../src/stores/redis/failures.ts';
import { explain as sqlite } from '../../src/stores/sqlite/failures.ts';
import { explain as zookeeper } from '../../src/stores/zookeeper/failures.ts';

type Case = readonly [said: string, concerns: StoreConcern, code: string];
const plain = 'ERR_GIVEWAY_STORE_UNAVAILABLE';
const [auth, forbidden, setup, key] = ['AUTH', 'FORBIDDEN', 'SETUP', 'KEY'].map((name) => `ERR_GIVEWAY_STORE_${name}`) as [
  string,
  string,
  string,
  string,
];

function testEach(backend: string, explained: (said: string) => GivewayError, cases: readonly Case[]): void {
  describe(backend, () => {
    test.each(cases)('%s', (said, concerns, code) => {
      const error = explained(said);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect({ concerns: (error as StoreUnavailableError).concerns, code: error.code }).toEqual({ concerns, code });
      expect(isOutage(error)).toBe(concerns !== 'setup');
    });
  });
}

const connected = { state: 'ready', timeoutMs: 1_000, lastError: undefined, isTurnedAway: false, wasReady: true } as const;
testEach('redis', (said) => redis(new Error(said), connected), [
  ['NOAUTH Authentication required.', 'setup', auth],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'setup', auth],
  ['ERR invalid password', 'setup', auth],
  ['NOPERM this user has no permissions to run the "eval" command', 'setup', forbidden],
  ["ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:1.", 'setup', forbidden],
  ["ERR unknown command 'EVAL', with args beginning with: ", 'setup', setup],
  ['ERR syntax error', 'setup', setup],
  ['MOVED 3999 127.0.0.1:6381', 'setup', setup],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'setup', setup],
  ['Protocol error, got "H" as reply type byte', 'setup', setup],
  ['LOADING Redis is loading the dataset in memory', 'server', plain],
  ["READONLY You can't write against a read only replica.", 'server', plain],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'server', plain],
  ['CLUSTERDOWN The cluster is down', 'server', plain],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'server', plain],
  ['MISCONF Errors writing to the AOF file', 'server', plain],
  ['NOREPLICAS Not enough good replicas to write.', 'server', plain],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'server', plain],
  ['BUSY Redis is busy running a script', 'server', plain],
  ['ERR max number of clients reached', 'server', plain],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'server', plain],
  ['Socket closed unexpectedly', 'server', plain],
]);

const circumstances = {
  table: lockTable('locks', 1_000),
  address: 'db:5432',
  timeoutMs: 1_000,
  stage: 'asking',
  greeting: undefined,
} as const;
const sql = (said: string): GivewayError => {
  const [code = '', ...words] = said.split(' ');
  return postgres(Object.assign(new Error(words.join(' ')), { code, severity: 'ERROR' }), circumstances);
};
testEach('postgres, by SQLSTATE', sql, [
  ['28P01 password authentication failed for user "app"', 'setup', auth],
  ['28000 role "app" does not exist', 'setup', auth],
  ['3D000 database "app" does not exist', 'setup', setup],
  ['3F000 no schema has been selected to create in', 'setup', setup],
  ['42P01 relation "locks" does not exist', 'setup', 'ERR_GIVEWAY_TABLE_MISSING'],
  ['42501 permission denied for table locks', 'setup', forbidden],
  ['42703 column "value" does not exist', 'setup', setup],
  ['42809 cannot change materialized view "locks"', 'setup', setup],
  ['23514 new row for relation "locks" violates check constraint', 'setup', setup],
  ['08P01 no such database: app', 'setup', setup],
  ['08P01 no such user: app', 'setup', auth],
  ['55P03 canceling statement due to lock timeout', 'key', key],
  ['22021 invalid byte sequence for encoding "UTF8": 0x00', 'key', key],
  ['54000 index row size 2712 exceeds maximum', 'key', key],
  ['57014 canceling statement due to statement timeout', 'server', plain],
  ['57P03 the database system is starting up', 'server', plain],
  ['57P01 terminating connection due to administrator command', 'server', plain],
  ['25006 cannot execute UPDATE in a read-only transaction', 'server', plain],
  ['53300 too many connections for role "app"', 'server', plain],
  ['53100 could not extend file: No space left on device', 'server', plain],
  ['08P01 server_login_retry', 'server', plain],
  ['XX000 something new', 'server', plain],
]);
testEach('postgres, by what pg says', (said) => postgres(new Error(said), { ...circumstances, stage: 'connecting' }), [
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'setup', setup],
  ['The server does not support SSL connections', 'setup', setup],
  ['Cannot use a pool after calling end on the pool', 'setup', setup],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'server', plain],
  ['Connection terminated unexpectedly', 'server', plain],
]);

testEach(
  'dynamodb',
  (said) => {
    const [name = '', ...words] = said.split(' ');
    return dynamodb(Object.assign(new Error(words.join(' ')), { name }), 'PutItem', 'locks');
  },
  [
    ['UnrecognizedClientException', 'setup', auth],
    ['InvalidSignatureException', 'setup', auth],
    ['CredentialsProviderError', 'setup', auth],
    ['AccessDeniedException', 'setup', forbidden],
    ['ResourceNotFoundException', 'setup', 'ERR_GIVEWAY_TABLE_MISSING'],
    ['ValidationException The provided key element does not match the schema', 'setup', setup],
    ['ValidationException Item size has exceeded the maximum allowed size', 'key', key],
    ['ValidationException One or more parameter values were invalid: Size of hashkey has exceeded the maximum', 'key', key],
    ['SyntaxError Unexpected token < in JSON', 'setup', setup],
    ['Error Region is missing', 'setup', setup],
    ['ExpiredTokenException', 'server', plain],
    ['ThrottlingException', 'server', plain],
    ['InternalServerError', 'server', plain],
    ['Error connect ECONNREFUSED 127.0.0.1:8000', 'server', plain],
  ],
);

testEach('momento', (said) => momento(Object.assign(new Error(), { errorCode: () => said }), 'locks'), [
  ['AUTHENTICATION_ERROR', 'setup', auth],
  ['PERMISSION_ERROR', 'setup', forbidden],
  ['NOT_FOUND_ERROR', 'setup', setup],
  ['INVALID_ARGUMENT_ERROR', 'setup', setup],
  ['LIMIT_EXCEEDED_ERROR', 'server', plain],
  ['SERVER_UNAVAILABLE', 'server', plain],
  ['INTERNAL_SERVER_ERROR', 'server', plain],
  ['TIMEOUT_ERROR', 'server', 'ERR_GIVEWAY_STORE_TIMEOUT'],
]);

testEach('etcd', (said) => etcd(new Error(said), 1_000, undefined), [
  ['3 INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password', 'setup', auth],
  ['3 INVALID_ARGUMENT: etcdserver: user name is empty', 'setup', auth],
  ['9 FAILED_PRECONDITION: etcdserver: authentication is not enabled', 'setup', auth],
  ['7 PERMISSION_DENIED: etcdserver: permission denied', 'setup', forbidden],
  ['14 UNAVAILABLE: SSL routines: wrong version number', 'setup', setup],
  ['The client has already been closed: already closed', 'setup', 'ERR_GIVEWAY_STORE_CLOSED'],
  ['3 INVALID_ARGUMENT: etcdserver: request is too large', 'key', key],
  ['8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded', 'server', plain],
  ['14 UNAVAILABLE: etcdserver: no leader', 'server', plain],
  ['14 UNAVAILABLE: connect ECONNREFUSED', 'server', plain],
]);

const session = { isConnected: true, timeoutMs: 1_000, root: '/giveway' };
testEach('zookeeper', (said) => zookeeper(Object.assign(new Error(said), { code: Number.parseInt(said, 10) }), session), [
  ['-101 NO_NODE', 'setup', setup],
  ['-102 NO_AUTH', 'setup', forbidden],
  ['-111 NOT_EMPTY', 'setup', setup],
  ['-114 INVALID_ACL', 'setup', setup],
  ['-115 AUTH_FAILED', 'setup', auth],
  ['-4 CONNECTION_LOSS', 'server', plain],
  ['-112 SESSION_EXPIRED', 'server', plain],
]);

const address = { host: 'cache', port: 11211, name: 'cache:11211' };
const wrongCertificate = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
test.each([
  ['its transport cannot be loaded', couldNotLoad(new Error('Cannot find module')), 'setup'],
  ['a certificate of nobody it knows', tlsFailed(wrongCertificate), 'setup'],
  ['a certificate that has expired: it was right once', tlsFailed(expired), 'server'],
  ['a connection that broke while it was made secure', tlsFailed(Object.assign(new Error('reset'), { code: 'ECONNRESET' })), 'server'],
  ['too many connections', refused('ERROR Too many open connections'), 'server'],
])('memcached: %s', (_, fault, concerns) => {
  expect(unavailable(address, fault).concerns).toBe(concerns);
});

test('docs/stores.md says of each code what it concerns', () => {
  const page = readFileSync('docs/stores.md', 'utf8');
  const rows = [...page.matchAll(/^\| (`ERR_GIVEWAY_.*?) \| `(server|setup|key)` \|/gm)];
  const said = rows.flatMap(([, codes = '', concerns]) => [...codes.matchAll(/`(ERR_\w+)`/g)].map(([, code = '']) => ({ code, concerns })));
  expect(said.length).toBeGreaterThan(10);
  for (const { code, concerns } of said)
    expect({ code, concerns: new StoreUnavailableError('', { code: code as 'ERR_GIVEWAY_' }).concerns }).toEqual({ code, concerns });
});

/** What mysql2 makes of the server's answer; words without a number are of the network. */
const fromMysql = (said: string): Error => {
  const number = Number.parseInt(said, 10);
  return Object.assign(new Error(said), number ? { errno: number, sqlState: 'HY000', code: 'ER_X' } : { code: said });
};
const asking = { table: 'giveway_locks', address: 'db:3306', timeoutMs: 1_000, stage: 'asking' } as const;
testEach('mysql', (said) => mysql(fromMysql(said), asking), [
  ['1045 Access denied for user', 'setup', auth],
  ['1698 Access denied for user', 'setup', auth],
  ['1142 UPDATE command denied to user', 'setup', forbidden],
  ['1044 Access denied for user to database', 'setup', forbidden],
  ['1049 Unknown database', 'setup', setup],
  ['1054 Unknown column', 'setup', setup],
  ['1146 Table does not exist', 'setup', 'ERR_GIVEWAY_TABLE_MISSING'],
  ['1205 Lock wait timeout exceeded', 'key', key],
  ['1406 Data too long for column', 'key', key],
  ['1040 Too many connections', 'server', plain],
  ['1290 The MySQL server is running with the --read-only option', 'server', plain],
  ['1053 Server shutdown in progress', 'server', plain],
  ['1213 Deadlock found', 'server', plain],
  ['1047 WSREP has not yet prepared node for application use', 'server', plain],
  ['HANDSHAKE_NO_SSL_SUPPORT', 'setup', setup],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'setup', setup],
  ['ECONNRESET', 'server', plain],
  ['PROTOCOL_CONNECTION_LOST', 'server', plain],
  ['ETIMEDOUT', 'server', 'ERR_GIVEWAY_STORE_TIMEOUT'],
]);

/** One driver gives a name, another a number. */
const fromDriver = (said: string): Error =>
  Object.assign(new Error('as it says'), /^\d+$/.test(said) ? { code: 'ERR_SQLITE_ERROR', errcode: Number(said) } : { code: said });
testEach('sqlite', (said) => sqlite(fromDriver(said), '/var/lib/app/locks.db', 1_000), [
  ['SQLITE_BUSY', 'server', 'ERR_GIVEWAY_STORE_TIMEOUT'],
  ['SQLITE_BUSY_SNAPSHOT', 'server', 'ERR_GIVEWAY_STORE_TIMEOUT'],
  ['517', 'server', 'ERR_GIVEWAY_STORE_TIMEOUT'],
  ['15', 'server', 'ERR_GIVEWAY_STORE_TIMEOUT'],
  ['SQLITE_IOERR_WRITE', 'server', plain],
  ['SQLITE_FULL', 'server', plain],
  ['SQLITE_NOMEM', 'server', plain],
  ['SQLITE_READONLY', 'setup', forbidden],
  ['1544', 'setup', forbidden],
  ['SQLITE_PERM', 'setup', forbidden],
  ['SQLITE_CANTOPEN', 'setup', forbidden],
  ['SQLITE_NOTADB', 'setup', setup],
  ['SQLITE_CORRUPT', 'setup', setup],
  ['1', 'setup', setup],
  ['18', 'key', key],
]);
