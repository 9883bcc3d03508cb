/** What a play of plays.mjs needs, and which versions of it are tried: the oldest that works first, then each major's first, then the newest. */
export interface Peer {
  readonly play: string;
  readonly package: string;
  readonly versions: readonly [oldest: string, ...between: string[], newest: string];
  /** What must stand beside it. */
  readonly beside?: Readonly<Record<string, string>>;
}

export const peers: readonly Peer[] = [
  { play: 'pg', package: 'pg', versions: ['8.9.0', '8'] },
  { play: 'mysql2', package: 'mysql2', versions: ['3.0.0', '3'] },
  { play: 'ioredis', package: 'ioredis', versions: ['5.0.0', '6'] },
  { play: 'redis', package: 'redis', versions: ['4.4.0', '5.0.0', '6'] },
  { play: 'bullmq', package: 'bullmq', versions: ['5.8.0', '6.0.0', '6'], beside: { ioredis: '5.3.2' } },
  { play: 'node-cron', package: 'node-cron', versions: ['4.4.1', '4'] },
  { play: '@aws-sdk/client-dynamodb', package: '@aws-sdk/client-dynamodb', versions: ['3.363.0', '3'] },
  { play: '@gomomento/sdk', package: '@gomomento/sdk', versions: ['1.117.1', '1'] },
  { play: 'etcd3', package: 'etcd3', versions: ['1.0.1', '1'] },
  { play: 'node-zookeeper-client', package: 'node-zookeeper-client', versions: ['1.0.0', '1'] },
  { play: 'libpg-query', package: 'libpg-query', versions: ['17.5.2', '18'] },
];

/** A project may have these, as long as it does not ask giveway to use them. */
export const refused: readonly Pick<Peer, 'play' | 'package' | 'versions' | 'beside'>[] = [
  { play: 'node-cron too old', package: 'node-cron', versions: ['3.0.3', '4.0.0', '4.3.0'] },
  { play: 'pg too old', package: 'pg', versions: ['8.0.3', '8.8.0'] },
  { play: 'redis too old', package: 'redis', versions: ['4.0.6', '4.2.0'] },
];
