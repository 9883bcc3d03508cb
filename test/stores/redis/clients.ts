import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from '../../../src/stores/redis/index.ts';

/** A client of one of the two libraries, connected, as an application would have it. */
export interface OpenClient {
  readonly client: RedisClient;
  close(): void;
}

export type ClientKind = 'ioredis' | 'node-redis';
export const clientKinds: readonly ClientKind[] = ['ioredis', 'node-redis'];

export async function openClient(kind: ClientKind, url: string): Promise<OpenClient> {
  if (kind === 'ioredis') {
    const client = new Redis(url, { retryStrategy: (times) => Math.min(20 * times, 200), maxRetriesPerRequest: null });
    client.on('error', () => {});
    return { client, close: () => client.disconnect() };
  }
  const client = createClient({ url, socket: { reconnectStrategy: (times) => Math.min(20 * times, 200) } });
  client.on('error', () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}
