/** Locks in etcd, over a client of etcd3. */
export type { EtcdCallOptions, EtcdClient, EtcdKeyValue, EtcdWatchResponse, EtcdWatchStream } from './client.ts';
export type { EtcdStoreOptions } from './options.ts';
export { etcdStore } from './store.ts';
