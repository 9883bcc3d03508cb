export type { ShedlockMemcachedOptions } from './memcached.ts';
export { shedlockMemcached } from './memcached.ts';
export type { ShedlockRedisOptions } from './redis.ts';
export { shedlockRedis } from './redis.ts';
export { shedlockTable } from './table.ts';
export type { ShedlockTableOptions } from './table-options.ts';
