import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './programs.ts';
import { findPython, pythonWithModules } from './python.ts';
import {
  dynaliteServer,
  etcdServer,
  memcachedServer,
  mysqlServer,
  postgresServer,
  redisServer,
  type Server,
  zookeeperJar,
  zookeeperServer,
} from './services.ts';

export type ServiceName =
  | 'memcached'
  | 'redis'
  | 'postgres'
  | 'mysql'
  | 'etcd'
  | 'zookeeper'
  | 'dynamodb'
  | 'chromium'
  | 'maven'
  | 'python'
  | 'node22'
  | 'nest12'
  | 'orms'
  | 'queues';

/** How the tests come by one service. */
export interface Need {
  /** Names a running one; then nothing is started. */
  readonly variable: string;
  /** Debian packages that bring it. None: it is an npm package, always there. */
  readonly packages: readonly string[];
  /** Instead of those, some of npm's, in a folder of their own; without names, what the lockfile there says. */
  readonly npm?: { readonly packages?: readonly string[]; readonly folder: string };
  /** Its name in docker-compose.yml, and the address it has there. */
  readonly compose?: { readonly name: string; readonly address: string };
  /** Can it be started here? */
  readonly isInstalled: () => boolean;
  readonly start: () => Promise<Pick<Server, 'url' | 'stop'>>;
}

/** What `node` of npm installs by a script, taken directly. `npm ci` deletes the folder. */
const node22 = { package: `node-${process.platform}-${process.arch}`, folder: join(__dirname, '../../node_modules/.cache/giveway-node22') };
const node22Path = join(node22.folder, 'node_modules', node22.package, 'bin/node');

const nest12Folder = join(__dirname, '../../node_modules/.cache/giveway-nest12');
const nest12Packages = [
  ...['bullmq', 'common', 'core', 'schedule', 'terminus'].map((name) => `@nestjs/${name}@12`),
  'bullmq@6',
  'reflect-metadata@0.2',
  'rxjs@7',
];

/** The ORMs of docs/orms.md, and DuckDB: more than the root's `npm ci` should bring. */
const orms = join(__dirname, '../orms');
/** The job queues of docs/jobs.md that keep their jobs in PostgreSQL. */
const queues = join(__dirname, '../queues');

const has =
  (...programs: string[]): (() => boolean) =>
  () =>
    programs.every((program) => findProgram(program) !== undefined);

export const needs: Record<ServiceName, Need> = {
  memcached: {
    variable: 'MEMCACHED_SERVERS',
    packages: ['memcached', 'libsasl2-modules', 'openssl'],
    compose: { name: 'memcached', address: '127.0.0.1:11211' },
    isInstalled: has('memcached'),
    start: () => memcachedServer(),
  },
  redis: {
    variable: 'REDIS_URL',
    packages: ['redis-server'],
    compose: { name: 'redis', address: 'redis://127.0.0.1:6379' },
    isInstalled: has('redis-server'),
    start: () => redisServer(),
  },
  postgres: {
    variable: 'DATABASE_URL',
    packages: ['postgresql'],
    compose: { name: 'postgres', address: 'postgres://postgres:giveway@127.0.0.1:5432/postgres' },
    isInstalled: has('initdb', 'postgres'),
    start: () => postgresServer(),
  },
  mysql: {
    variable: 'MYSQL_URL',
    packages: ['mariadb-server'],
    compose: { name: 'mysql', address: 'mysql://root@127.0.0.1:3306/giveway' },
    isInstalled: has('mariadbd', 'mariadb-install-db'),
    start: () => mysqlServer(),
  },
  etcd: {
    variable: 'ETCD_URL',
    packages: ['etcd-server'],
    compose: { name: 'etcd', address: 'http://127.0.0.1:2379' },
    isInstalled: has('etcd'),
    start: () => etcdServer(),
  },
  zookeeper: {
    variable: 'ZOOKEEPER_SERVERS',
    packages: ['zookeeper', 'default-jre-headless'],
    compose: { name: 'zookeeper', address: '127.0.0.1:2181' },
    isInstalled: () => findProgram('java') !== undefined && existsSync(zookeeperJar),
    start: () => zookeeperServer(),
  },
  dynamodb: {
    variable: 'DYNAMODB_ENDPOINT',
    packages: [],
    compose: { name: 'dynamodb', address: 'http://127.0.0.1:8000' },
    isInstalled: () => true,
    start: dynaliteServer,
  },
  maven: {
    variable: 'MAVEN_PATH',
    packages: ['maven', 'default-jdk-headless'],
    isInstalled: has('mvn', 'javac'),
    start: async () => ({ url: findProgram('mvn') ?? '', stop: async () => {} }),
  },
  chromium: {
    variable: 'CHROMIUM_PATH',
    packages: ['chromium'],
    isInstalled: has('chromium'),
    start: async () => ({ url: findProgram('chromium') ?? '', stop: async () => {} }),
  },
  python: {
    variable: 'PYTHON_PATH',
    packages: ['python3', 'python3-venv'],
    isInstalled: () => findPython() !== undefined,
    start: pythonWithModules,
  },
  // For what Node 20 has not: `node:sqlite`, and packages that have left it behind.
  node22: {
    variable: 'NODE22_PATH',
    packages: [],
    npm: { packages: [`${node22.package}@22`], folder: node22.folder },
    isInstalled: () => existsSync(node22Path),
    start: async () => ({ url: node22Path, stop: async () => {} }),
  },
  // Beside Nest 11, which is among our own packages. The service is the folder.
  nest12: {
    variable: 'NEST12_PATH',
    packages: [],
    npm: { packages: nest12Packages, folder: nest12Folder },
    isInstalled: () => existsSync(join(nest12Folder, 'node_modules/@nestjs/core')),
    start: async () => ({ url: nest12Folder, stop: async () => {} }),
  },
  orms: {
    variable: 'ORMS_PATH',
    packages: [],
    npm: { folder: orms },
    isInstalled: () => existsSync(join(orms, 'node_modules/.package-lock.json')),
    start: async () => ({ url: orms, stop: async () => {} }),
  },
  queues: {
    variable: 'QUEUES_PATH',
    packages: [],
    npm: { folder: queues },
    isInstalled: () => existsSync(join(queues, 'node_modules/.package-lock.json')),
    start: async () => ({ url: queues, stop: async () => {} }),
  },
};

export const serviceNames: readonly ServiceName[] = Object.keys(needs) as ServiceName[];
