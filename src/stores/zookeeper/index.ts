/** Locks in ZooKeeper, over a client of node-zookeeper-client. */
export type { ZookeeperClient, ZookeeperStat, ZookeeperState, ZookeeperTransaction } from './client.ts';
export type { ZookeeperStoreOptions } from './options.ts';
export { zookeeperStore } from './store.ts';
