/**
 * Real servers for tests.
 *
 * **A server of your own** (to pause, to kill, to start with other flags): `memcachedServer()`, `redisServer()`,
 * `postgresServer()`, … Each starts a program on a free loopback port and resolves when it answers. Stop it in `afterAll`.
 *
 * ```ts
 * const server = await memcachedServer(['-m', '4']);
 * server.url;              // '127.0.0.1:40123'
 * server.pause();          // SIGSTOP …
 * server.resume();         // … and SIGCONT
 * await server.restart();  // kill -9, then the same port again, empty
 * await server.stop();
 * ```
 *
 * **Any server will do**: `describeWith('memcached', …)` in `./shared.ts`.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from './free-port.ts';
import { isRoot, requireProgram, unprivilegedUser } from './programs.ts';
import { type ServerProcess, startProcess, temporaryDirectory } from './server-process.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  /** What a client wants to be told: `host:port` for memcached and ZooKeeper, else `redis://…`, `postgres://…`, `http://…`. */
  readonly url: string;
  /** Ends it and deletes its files. Twice is fine. */
  stop(): Promise<void>;
}

/** A server in a process of its own: it can be paused, killed and started again on the same port. */
export interface ProcessServer extends Server, ServerProcess {
  stop(): Promise<void>;
}

const host = '127.0.0.1';

/** Where Debian's libzookeeper-java puts it; its manifest names the jars it needs. */
export const zookeeperJar = '/usr/share/java/zookeeper.jar';

/** memcached, 64 MB, one thread. `args` come last and so win: `['-C']` no CAS, `['-m', '1']` soon evicts, `['-S']` SASL. */
export async function memcachedServer(args: readonly string[] = []): Promise<ProcessServer> {
  const port = await freePort();
  const started = await startProcess({
    program: requireProgram('memcached'),
    args: ['-l', host, '-p', String(port), '-U', '0', '-t', '1', '-u', userInfo().username, ...args],
    answers: () => accepts(port),
  });
  return named(started, port, `${host}:${port}`);
}

/** redis-server that writes nothing to disk. `args` as on its command line: `['--maxmemory', '1mb']`. */
export async function redisServer(args: readonly string[] = []): Promise<ProcessServer> {
  const port = await freePort();
  const directory = temporaryDirectory('redis');
  const started = await startProcess({
    program: requireProgram('redis-server'),
    args: ['--bind', host, '--port', String(port), '--dir', directory, '--save', '', '--appendonly', 'no', ...args],
    directory,
    answers: () => says(port, 'PING\r\n', /^(\+PONG|-NOAUTH)/),
  });
  return named(started, port, `redis://${host}:${port}`);
}

/** A node of Redis Cluster, without slots. `busPort` is for `CLUSTER MEET`. */
export interface RedisNode extends ProcessServer {
  readonly busPort: number;
}

/** Its bus has a port of its own: the one that Redis would take, ten thousand above, may be a connection's or another server's. */
export async function redisNode(args: readonly string[] = []): Promise<RedisNode> {
  const busPort = await freePort();
  const cluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', host, '--cluster-port', String(busPort)];
  return Object.defineProperty((await redisServer([...cluster, ...args])) as RedisNode, 'busPort', { value: busPort, enumerable: true });
}

/**
 * PostgreSQL with a new cluster, trust authentication, fsync off; superuser and database are `postgres`. `args` as for
 * the server: `['-c', 'max_connections=10']`. Never runs as root: as root it becomes the `postgres` account.
 * `restart` keeps the data.
 */
export async function postgresServer(args: readonly string[] = []): Promise<ProcessServer> {
  const port = await freePort();
  const directory = temporaryDirectory('postgres');
  const prefix = asPostgres(directory);
  const data = join(directory, 'data');
  const initdb = [requireProgram('initdb'), '-D', data, '--no-sync', '-E', 'UTF8', '--locale=C', '-A', 'trust', '-U', 'postgres'];
  const [program = '', ...rest] = [...prefix, ...initdb];
  execFileSync(program, rest, { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory });
  const server = [requireProgram('postgres'), '-D', data, '-p', String(port), '-k', directory, '-c', `listen_addresses=${host}`];
  const quick = ['fsync=off', 'full_page_writes=off', 'max_connections=200'].flatMap((setting) => ['-c', setting]);
  const url = `postgres://postgres@${host}:${port}/postgres`;
  const [first = '', ...others] = [...prefix, ...server, ...quick, ...args];
  const started = await startProcess({ program: first, args: others, directory, endWith: 'QUIT', answers: () => query(url, 'select 1') });
  return named(started, port, url);
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

// setpriv replaces itself by the program, so the pid we know is the server's; su would stay in between.
function asPostgres(directory: string): string[] {
  if (!isRoot()) return [];
  const { uid, gid } = unprivilegedUser('postgres');
  chownSync(directory, uid, gid);
  return [requireProgram('setpriv'), '--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
}

/**
 * MariaDB with a new data folder, no flushes; the user is `root`, without a password, and the database `giveway`. `args` as for the
 * server. `restart` keeps the data.
 */
export async function mysqlServer(args: readonly string[] = []): Promise<ProcessServer> {
  const port = await freePort();
  const directory = temporaryDirectory('mysql');
  const common = ['--no-defaults', `--datadir=${join(directory, 'data')}`, `--user=${userInfo().username}`];
  const install = [...common, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  execFileSync(requireProgram('mariadb-install-db'), install, { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory });
  const start = join(directory, 'start.sql');
  writeFileSync(start, 'create database if not exists giveway;\n');
  const place = [`--port=${port}`, `--bind-address=${host}`, `--socket=${join(directory, 'socket')}`, `--init-file=${start}`];
  // A small instance that starts fast. What a flush would save is not lost by kill -9.
  const quick = [
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=16M',
  ];
  const started = await startProcess({
    program: requireProgram('mariadbd'),
    args: [...common, ...place, ...quick, ...args],
    directory,
    answers: () => greets(port, /mysql_native_password/),
  });
  return named(started, port, `mysql://root@${host}:${port}/giveway`);
}

/** etcd, one member. `url` is its client URL. */
export async function etcdServer(args: readonly string[] = []): Promise<ProcessServer> {
  const [port, peerPort] = [await freePort(), await freePort()];
  const directory = temporaryDirectory('etcd');
  const url = `http://${host}:${port}`;
  const peer = `http://${host}:${peerPort}`;
  const urls = ['--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peer];
  const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`, '--unsafe-no-fsync'];
  const started = await startProcess({
    program: requireProgram('etcd'),
    args: ['--data-dir', join(directory, 'data'), ...urls, ...cluster, '--log-level', 'error', ...args],
    directory,
    answers: async () => {
      const health = await (await fetch(`${url}/health`)).text();
      if (!health.includes('true')) throw new Error(health);
    },
  });
  return named(started, port, url);
}

/** ZooKeeper, standalone, ticks of 200 ms (so sessions of 400 ms to 4 s). `settings` are lines of zoo.cfg. */
export async function zookeeperServer(settings: readonly string[] = []): Promise<ProcessServer> {
  const port = await freePort();
  const directory = temporaryDirectory('zookeeper');
  const config = join(directory, 'zoo.cfg');
  const lines = ['tickTime=200', `dataDir=${directory}`, `clientPortAddress=${host}`, `clientPort=${port}`, 'admin.enableServer=false'];
  writeFileSync(config, [...lines, '4lw.commands.whitelist=*', 'maxClientCnxns=0', ...settings, ''].join('\n'));
  writeFileSync(join(directory, 'log4j.properties'), 'log4j.rootLogger=OFF\n');
  const started = await startProcess({
    program: requireProgram('java'),
    args: [
      '-Xmx128m',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${directory}:${zookeeperJar}`,
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      config,
    ],
    directory,
    answers: () => says(port, 'srvr', /Mode: standalone/),
    startWithinMs: 60_000,
  });
  return named(started, port, `${host}:${port}`);
}

/** DynamoDB's API by dynalite, in memory, in this process. Any credentials will do. */
export async function dynaliteServer(): Promise<Server> {
  const { default: dynalite } = await import('dynalite');
  const port = await freePort();
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  // Else it hangs up on whoever comes back after five idle seconds, and in jest's realm the SDK cannot tell that from other errors.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => server.listen(port, host, (error?: Error) => (error ? reject(error) : resolve())));
  return { host, port, url: `http://${host}:${port}`, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

function named(started: ServerProcess, port: number, url: string): ProcessServer {
  return Object.defineProperties(started, {
    host: { value: host, enumerable: true },
    port: { value: port, enumerable: true },
    url: { value: url, enumerable: true },
  }) as ProcessServer;
}

function accepts(port: number): Promise<void> {
  return says(port, '', /^/);
}

/** Resolves when the server says, unasked, something that matches. */
function greets(port: number, expected: RegExp): Promise<void> {
  return says(port, '\n', expected);
}

/** Resolves when the server, told `request`, says something that matches; with an empty request, when it accepts. */
function says(port: number, request: string, expected: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(port, host, () => {
      if (request === '') done();
      else socket.write(request);
    });
    const done = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.setTimeout(1_000, () => done(new Error('silent for 1 s')));
    socket.on('data', (chunk) => {
      heard += String(chunk);
      if (expected.test(heard)) done();
    });
    socket.on('error', done);
    socket.on('close', () => done(new Error(`said ${JSON.stringify(heard)}`)));
  });
}
