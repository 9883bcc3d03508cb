import type { ZookeeperClient } from './client.ts';

/** What is inside a client of node-zookeeper-client 1. */
interface Inside {
  readonly connectionManager?: {
    readonly socket?: { unref?(): void; destroy(error: Error): void };
    pendingBuffer?: Buffer | null;
    connectTimeout?: number;
    connect(): void;
    onSocketConnected(): void;
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

/**
 * Ends a client that has no session, or one that its server does not serve. Its own `close()` waits for an answer that does not come,
 * and throws where no socket is there yet.
 */
export function leave(client: ZookeeperClient): void {
  const { connectionManager } = client as Inside;
  if (connectionManager === undefined) {
    client.close();
    return;
  }
  // With an error, since it is upon one that the client stops its timer.
  const destroy = (): void => connectionManager.socket?.destroy(new Error('closed'));
  connectionManager.connect = () => {};
  // Of the attempt that may be about to begin.
  connectionManager.onSocketConnected = destroy;
  connectionManager.connectTimeout = 0;
  destroy();
}
