import type { ZookeeperClient } from './client.ts';

/** What is inside a client of node-zookeeper-client 1. */
interface Inside {
  readonly connectionManager?: {
    readonly socket?: { unref?(): void };
    pendingBuffer?: Buffer | null;
    on(event: 'state', listener: (state: number) => void): unknown;
  };
}

const connecting = 1;

/**
 * The client keeps half a reply of a connection that broke, and takes it for the beginning of the next connection's first:
 * it then waits for ever, or throws out of the socket's event, which ends the process.
 */
export function forgetHalfReplies(client: ZookeeperClient): void {
  const { connectionManager } = client as Inside;
  connectionManager?.on('state', (state) => {
    if (state === connecting) connectionManager.pendingBuffer = null;
  });
}

/** An open connection keeps the process alive, and the client has no way to say that it shall not. */
export function letProcessEnd(client: ZookeeperClient): void {
  (client as Inside).connectionManager?.socket?.unref?.();
}
