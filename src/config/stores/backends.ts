import type { Backend } from './backend.ts';
import { dynamodb } from './dynamodb.ts';
import { etcd } from './etcd.ts';
import { memcached } from './memcached.ts';
import { memory } from './memory.ts';
import { momento } from './momento.ts';
import { mysql } from './mysql.ts';
import { postgres } from './postgres.ts';
import { redis } from './redis.ts';
import { shedlockMemcached, shedlockPostgres, shedlockRedis } from './shedlock.ts';
import { sqlite } from './sqlite.ts';
import { zookeeper } from './zookeeper.ts';

/** Every kind of store URL, by its scheme. */
export const backends: ReadonlyMap<string, Backend> = new Map([
  ['memcached', memcached],
  ['memcacheds', memcached],
  ['postgres', postgres],
  ['postgresql', postgres],
  ['mysql', mysql],
  ['mariadb', mysql],
  ['redis', redis],
  ['rediss', redis],
  ['shedlock+postgres', shedlockPostgres],
  ['shedlock+postgresql', shedlockPostgres],
  ['shedlock+redis', shedlockRedis],
  ['shedlock+rediss', shedlockRedis],
  ['shedlock+memcached', shedlockMemcached],
  ['shedlock+memcacheds', shedlockMemcached],
  ['dynamodb', dynamodb],
  ['momento', momento],
  ['etcd', etcd],
  ['etcds', etcd],
  ['zookeeper', zookeeper],
  ['sqlite', sqlite],
  ['memory', memory],
]);
