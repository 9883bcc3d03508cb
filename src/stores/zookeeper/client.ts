/** What ZooKeeper notes about a node. Numbers of 64 bits come as eight bytes. */
export interface ZookeeperStat {
  readonly mzxid: Buffer;
  readonly mtime: Buffer;
  readonly version: number;
}

export interface ZookeeperState {
  readonly name: string;
}

type Callback<Results extends unknown[]> = (error: unknown, ...results: Results) => void;

/** The part of a transaction of node-zookeeper-client that giveway uses. */
export interface ZookeeperTransaction {
  check(path: string, version?: number): ZookeeperTransaction;
  create(path: string, data: Buffer, acls: readonly object[] | undefined): ZookeeperTransaction;
  setData(path: string, data: Buffer, version?: number): ZookeeperTransaction;
  remove(path: string, version?: number): ZookeeperTransaction;
  commit(callback: Callback<[results?: readonly { readonly stat?: ZookeeperStat }[]]>): void;
}

/** The part of a client of node-zookeeper-client that giveway uses. */
export interface ZookeeperClient {
  connect(): void;
  close(): void;
  getState(): ZookeeperState;
  on(event: 'state', listener: (state: ZookeeperState) => void): unknown;
  removeListener(event: 'state', listener: (state: ZookeeperState) => void): unknown;
  create(path: string, acls: readonly object[] | undefined, callback: Callback<[]>): void;
  setData(path: string, data: Buffer, version: number, callback: Callback<[stat?: ZookeeperStat]>): void;
  getData(path: string, callback: Callback<[data?: Buffer, stat?: ZookeeperStat]>): void;
  getChildren(path: string, callback: Callback<[children?: readonly string[]]>): void;
  exists(path: string, watcher: (event: { readonly type: number }) => void, callback: Callback<[stat?: ZookeeperStat | null]>): void;
  transaction(): ZookeeperTransaction;
}

/** A call with a callback as a promise of what it brings. */
export function promised<Results extends unknown[]>(call: (callback: Callback<Results>) => void): Promise<Results> {
  return new Promise((resolve, reject) => {
    call((error, ...results) => (error ? reject(error) : resolve(results)));
  });
}
