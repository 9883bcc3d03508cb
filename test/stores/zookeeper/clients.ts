import type { ZookeeperClient } from '../../../src/stores/zookeeper/index.ts';

interface Options {
  sessionTimeout?: number;
  spinDelay?: number;
}

/** The package has no types of its own. */
interface Package {
  createClient(connectionString: string, options?: Options): ZookeeperClient & { addAuthInfo(scheme: string, auth: Buffer): void };
  ACL: { readonly CREATOR_ALL_ACL: readonly object[] };
}

export const zookeeper: Package = require('node-zookeeper-client');

/** Makes clients that connect again quickly. */
export function clientsOf(url: string, options: Options = {}): () => ZookeeperClient {
  return () => zookeeper.createClient(url, { spinDelay: 50, ...options });
}
