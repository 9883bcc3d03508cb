/** Locks in a file, for the processes of one host. No server. */
export type { SqliteDriver } from './driver.ts';
export type { SqliteStoreOptions } from './options.ts';
export { sqliteStore } from './store.ts';
