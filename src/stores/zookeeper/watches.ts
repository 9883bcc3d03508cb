import { createSubscribers } from '../subscribers.ts';
import type { ZookeeperClient } from './client.ts';

export interface Watches {
  /** Somebody waits to be told. */
  readonly areWanted: boolean;
  subscribe(key: string, onChange: () => void): Disposable;
  /** There is a connection; over `isAnother` client no watch is set yet. */
  onReady(client: ZookeeperClient, isAnother: boolean): void;
}

const nodeCreated = 1;

/**
 * A watch of ZooKeeper tells of one change and is gone. It is set anew before anybody is told, so that nothing falls
 * between. The client sets what it has again when it connects again; a watch that nobody needs any more ends with its first change.
 */
export function createWatches(currentClient: () => ZookeeperClient | undefined, pathOf: (key: string) => string): Watches {
  const subscribers = createSubscribers();
  let armed = new Set<string>();

  function arm(client: ZookeeperClient, key: string, isForNewNode: boolean): void {
    const these = armed;
    these.add(key);
    const onEvent = ({ type }: { readonly type: number }): void => {
      these.delete(key);
      if (these === armed && subscribers.has(key)) arm(client, key, type === nodeCreated);
    };
    client.exists(pathOf(key), onEvent, (error, stat) => {
      // Not set: the connection broke. The next one brings another try.
      if (error) these.delete(key);
      // A node that was just made has nobody waiting for its end.
      else if (!isForNewNode || !stat) subscribers.tell(key);
    });
  }

  function armAll(client: ZookeeperClient): void {
    for (const key of subscribers.keys()) if (!armed.has(key)) arm(client, key, false);
  }

  return {
    get areWanted() {
      return !subscribers.isEmpty;
    },
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      const client = currentClient();
      if (client !== undefined && !armed.has(key)) arm(client, key, false);
      return subscription;
    },
    onReady(client, isAnother) {
      if (isAnother) armed = new Set();
      armAll(client);
    },
  };
}
