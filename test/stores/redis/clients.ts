import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from '../../../src/stores/redis/index.ts';

/** A client of one of the two libraries, as an application would have it. */
export interface OpenClient {
  readonly client: RedisClient;
  /** Rejects, or never settles, while there is no Redis at the address. */
  readonly connected: Promise<unknown>;
  close(): void;
}

export type ClientKind = 'ioredis' | 'node-redis';
export const clientKinds: readonly ClientKind[] = ['ioredis', 'node-redis'];

/** Begins to connect, again and again. */
export function startClient(kind: ClientKind, url: string): OpenClient {
  if (kind === 'ioredis') {
    const client = new Redis(url, { retryStrategy: (times) => Math.min(20 * times, 200), maxRetriesPerRequest: null });
    client.on('error', () => {});
    return { client, connected: Promise.resolve(), close: () => client.disconnect() };
  }
  const client = createClient({ url, socket: { reconnectStrategy: (times) => Math.min(20 * times, 200) } });
  client.on('error', () => {});
  const connected = client.connect();
  connected.catch(() => {});
  return { client, connected, close: () => client.destroy() };
}

/** The same, connected. */
export async function openClient(kind: ClientKind, url: string): Promise<OpenClient> {
  const open = startClient(kind, url);
  await open.connected;
  return open;
}
